// Command draw is Graphviz: it reads a graph in Graphviz's language and writes it as SVG.
//
// It is a program of its own as the library is Graphviz compiled to WebAssembly, and compiles that when a program that has it begins: a second
// of processor time, 50 MB, and files in the folder for temporary ones. No component of a cluster shall pay that.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/goccy/go-graphviz"
)

func main() {
	if err := draw(context.Background(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "draw:", err)
		os.Exit(1)
	}
}

func draw(ctx context.Context, from io.Reader, to io.Writer) error {
	text, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	graph, err := graphviz.ParseBytes(text)
	if err != nil {
		return err
	}
	g, err := graphviz.New(ctx)
	if err != nil {
		return err
	}
	return g.Render(ctx, graph, graphviz.SVG, to)
}
