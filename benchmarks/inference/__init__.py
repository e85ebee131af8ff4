"""For how many published networks convlint finds the inputs that nobody has given."""
