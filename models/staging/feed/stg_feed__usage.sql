{{ feed_rows() }}
