"""From a trained Keras model to the int8 model file that ships, with proof that both answer alike."""
