//! The only place that names the browser: files, workers, storage, downloads.
