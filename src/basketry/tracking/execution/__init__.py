"""How an order is carried out: schedules in time, and routing over venues."""
