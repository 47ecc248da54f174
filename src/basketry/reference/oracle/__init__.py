"""Oracle aggregation: the signed reports of many reporters become one value, and what corrupt ones can do to it."""
