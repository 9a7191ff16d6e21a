"""From what a sender says and links to, to a transcript that has its words, its names and its version."""
