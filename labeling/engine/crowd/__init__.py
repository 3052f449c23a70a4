"""One answer out of many people's, by how well each of them answers: models, their choice, and what they say of people."""
