//! An opened archive: the model that the worker and the command line share.
