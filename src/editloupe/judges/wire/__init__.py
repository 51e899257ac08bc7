"""What a judge over the wire is made of: requests, replies, lanes to servers, servers of our own, and the bill."""
