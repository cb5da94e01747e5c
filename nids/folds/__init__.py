"""Labelled rows in, folds out in which nothing passes from the validation part to the training part."""
