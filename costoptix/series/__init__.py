"""Daily series: baseline and forecast. Pure."""
