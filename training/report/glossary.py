"""What the report's words mean, for a reader who never saw statistics."""

MEANINGS = {
    "Seed": "The number that decides a network's first weights, the order of the pictures, and which of them are held "
    "out for validation. Several seeds show how much is luck.",
    "Epoch": "One pass over all training pictures.",
    "Learning rate": "How far each step of training changes the weights.",
    "Validation, test": "Pictures that the network measured on them did not learn from. What is chosen is chosen on "
    "validation; the test only measures.",
    "Point": "A percentage point. From 88 % to 90 % is two points.",
    "95 % CI": "Confidence interval. In the long run, 95 of 100 intervals made like this hold the true mean.",
    "p": "If there were no difference, how often chance alone would show one as large as was measured.",
    "Corrected p": "Larger than p, for whoever asks many questions finds something by chance.",
    "Separable": "Corrected p is below 0.05: chance alone would rarely make such a difference.",
    "Not separable": "Chance may explain the difference. The networks need not be equal.",
    "Equivalent": "A test rules out every difference of half a point or more. It is asked where a rule names it.",
    "Detectable from so many points on": "A difference as large as this would have been found in four cases of five "
    "before correction; a smaller one may well have been missed.",
    "Supported, not supported": "What a claim's rule makes of these numbers, for these networks and these pictures.",
}
