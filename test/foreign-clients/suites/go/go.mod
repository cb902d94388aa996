module github.com/nats-io/nats-streaming-server

go 1.21
