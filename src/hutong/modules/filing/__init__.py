"""Algorithm filing: self-assessment, submission, correction with a stopped clock, acceptance, a number in a public register."""
