"""SageMaker's hosting contract as a suite, against this repository's server or any other."""
