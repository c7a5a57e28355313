// Command build builds all programs of a cluster into a directory: go run ./impl/host/tools/build bin
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"orrery/impl/host/tools"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("usage: build DIRECTORY")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	root, err := tools.Root(dir)
	if err != nil {
		return err
	}
	return tools.Build(ctx, root, os.Args[1])
}
