"""The words everything is said in. Knows neither Django nor any department of the hub."""
