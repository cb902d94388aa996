// Package server stands in for the server that stan.go's own tests link: it starts the program
// nats-streaming-server of the PATH instead, so that the tests run against whatever that is.
package server

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrDupDurable is what the server answers to a second subscription with the same durable.
var ErrDupDurable = errors.New("stan: duplicate durable registration")

// Options are those that the tests set.
type Options struct {
	ID            string
	NATSServerURL string
	MaxChannels   int
}

// GetDefaultOptions returns the defaults of the server.
func GetDefaultOptions() *Options {
	return &Options{ID: "test-cluster", MaxChannels: 100}
}

// StanServer is a process of the program.
type StanServer struct {
	command *exec.Cmd
	ended   chan struct{}
}

// RunServer starts the program for a cluster id, with a NATS server of its own.
func RunServer(id string) (*StanServer, error) {
	options := GetDefaultOptions()
	options.ID = id
	return RunServerWithOpts(options, nil)
}

// RunServerWithOpts starts the program and returns once it is ready. The second argument, the options of its NATS
// server, is nil in all tests. A program that does not start is told on stderr, and is no error: the tests panic on
// one, which would end those that come after, and so fail at their connect instead.
func RunServerWithOpts(options *Options, _ interface{}) (*StanServer, error) {
	flags := []string{"-cid", options.ID, "-mc", strconv.Itoa(options.MaxChannels)}
	if options.NATSServerURL != "" {
		flags = append(flags, "-ns", options.NATSServerURL)
	} else {
		flags = append(flags, "-a", "127.0.0.1", "-p", "4222")
	}
	command := exec.Command("nats-streaming-server", flags...)
	reader, writer := io.Pipe()
	command.Stdout, command.Stderr = writer, writer
	if err := command.Start(); err != nil {
		return nil, err
	}
	server := &StanServer{command: command, ended: make(chan struct{})}
	go func() {
		_ = command.Wait()
		_ = writer.Close()
		close(server.ended)
	}()
	if err := server.waitUntilReady(reader); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return server, nil
}

var isReady = regexp.MustCompile(`Streaming Server is ready|^Ready\.`)

func (s *StanServer) waitUntilReady(output io.Reader) error {
	ready := make(chan struct{})
	var said strings.Builder
	go func() {
		isTold := false
		for lines := bufio.NewScanner(output); lines.Scan(); {
			if isTold {
				continue // read on, so that the process never waits for its output to be read
			}
			said.WriteString(lines.Text() + "\n")
			if isTold = isReady.MatchString(lines.Text()); isTold {
				close(ready)
			}
		}
	}()
	select {
	case <-ready:
		return nil
	case <-s.ended:
		return fmt.Errorf("nats-streaming-server ended at its start:\n%s", said.String())
	case <-time.After(20 * time.Second):
		_ = s.command.Process.Kill()
		return fmt.Errorf("nats-streaming-server was not ready within 20 s")
	}
}

// Shutdown ends the process; a second call does nothing.
func (s *StanServer) Shutdown() {
	_ = s.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(10 * time.Second):
		_ = s.command.Process.Kill()
		<-s.ended
	}
}
