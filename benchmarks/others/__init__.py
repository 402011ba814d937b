"""What a user would pick instead, each as its documentation recommends, in an environment of its own."""
