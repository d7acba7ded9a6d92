# Three requests as a shell runs them.
curl 'http://127.0.0.1:8000/get?item=7' -H 'Accept: application/json' --compressed
curl -X POST http://127.0.0.1:8000/post \
  -H 'Content-Type: application/json' \
  -H 'Authorization: Bearer abc123' \
  --data-raw '{"name":"陈晨","note":"it'\''s ${new}"}' --http2
curl http://127.0.0.1:8000/post -d 'user=ann' --data-urlencode 'note=a & b' -u ann:pass -m 5
curl http://127.0.0.1:8000/post -F 'title=A picture' -F 'kind=jpg' --proxy http://proxy:3128
