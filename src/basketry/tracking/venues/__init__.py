"""Venues on which a product trades: order books, pools, models of impact, auctions and dealers."""
