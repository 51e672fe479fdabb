select feed_file_id from {{ source('arrivals', 'new_files') }}
