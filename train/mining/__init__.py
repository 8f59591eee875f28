"""Hard negatives from recordings, for a person to label: train-model mine."""
