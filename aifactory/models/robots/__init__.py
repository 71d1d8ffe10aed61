"""Models of the chapter on robots: payback, reliability, places and trends."""
