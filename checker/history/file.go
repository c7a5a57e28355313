package history

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"

	"orrery/impl/trace"
)

// maxWindow bounds the memory that a compressed trace may ask for.
const maxWindow = 64 << 20

// Load reads and indexes the trace in a file.
func Load(path string) (*History, error) {
	file, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	reader, err := trace.NewReader(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	h, err := Parse(reader)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return h, nil
}

// Open opens a file for reading, and decompresses it where its name ends in .zst.
func Open(path string) (io.ReadCloser, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if !strings.HasSuffix(path, ".zst") {
		return file, nil
	}
	decoder, err := zstd.NewReader(bufio.NewReader(file), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &reading{decoder, file}, nil
}

type reading struct {
	*zstd.Decoder
	file *os.File
}

func (r *reading) Close() error {
	r.Decoder.Close()
	return r.file.Close()
}

// Create creates a file for writing, and compresses it where its name ends in .zst. It is whole once closed.
func Create(path string) (io.WriteCloser, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if !strings.HasSuffix(path, ".zst") {
		return file, nil
	}
	encoder, err := zstd.NewWriter(file, zstd.WithEncoderConcurrency(1))
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &writing{encoder, file}, nil
}

type writing struct {
	*zstd.Encoder
	file *os.File
}

func (w *writing) Close() error { return errors.Join(w.Encoder.Close(), w.file.Close()) }

// Save writes a trace to a file.
func Save(path string, header trace.Header, lines []trace.Line) (err error) {
	file, err := Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	writer, err := trace.NewWriter(file, header)
	if err != nil {
		return err
	}
	for _, line := range lines {
		if err := writer.Write(line); err != nil {
			return err
		}
	}
	return writer.Flush()
}
