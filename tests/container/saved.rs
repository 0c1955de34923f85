//! What is saved, as other tools read it.
