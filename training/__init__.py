"""The offline half: from Fashion-MNIST to the bundle of evaluated models that the service reads."""
