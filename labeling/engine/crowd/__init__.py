"""One answer out of many people's, by how well each of them answers, and what the answers say of people."""
