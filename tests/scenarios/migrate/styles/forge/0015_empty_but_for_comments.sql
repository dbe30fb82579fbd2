-- Superseded by the next one; kept for the numbers.
/* ; */
