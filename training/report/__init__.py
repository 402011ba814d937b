"""From records to the report: comparisons, claims, figures, Markdown."""
