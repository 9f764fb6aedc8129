"""Graded evaluation: a plan before the first observation, a computed verdict, a certificate."""
