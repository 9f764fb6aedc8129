"""Ethics review: application, panel, quorum, votes, two thirds in integers, recusal; a gate on hours and data."""
