"""Years of entries in one book, and what `script/bench reads` asks of them."""
