"""The scale of scores, from 0 to 100: from where on goods are worth a sample, and a flag."""

# At 40 goods are worth a sample, from 80 on they are a red flag (Luxury Law Alliance, 18 Jan 2017, on the marketplace
# that set the scale); lowering the first makes reports longer, lowering the second accuses more.
AT_RISK_SCORE = 40.0
RED_FLAG_SCORE = 80.0
