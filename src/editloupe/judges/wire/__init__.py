"""What a judge over the wire is made of: requests, replies, dispatch to servers, and servers of our own."""
