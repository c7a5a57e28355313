package trace

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Goal: whatever a file holds, the reader returns the lines that are whole and in order, and of the first that is not
// says which it is and why.
//
// Method: a table of files, and a fuzz target that starts from them.

const testHeader = `{"format":"orrery-trace/1","mode":"real","seed":7,"scenario":"spine","topology":{},"revision":0,"expect":{}}` + "\n"

var readerCases = []struct {
	name, file string
	lines      int
	err        error  // nil: read to the end
	text       string // of the error
}{
	{"a header alone", testHeader, 0, nil, ""},
	{"two lines", testHeader + `{"n":1,"t":1,"p":"a","phase":{"name":"setup"}}` + "\n" + `{"n":2,"t":1,"p":"b"}` + "\n", 2, nil, ""},
	{"lines of one process have no numbers", testHeader + `{"t":1,"p":"a"}` + "\n" + `{"t":2,"p":"a"}` + "\n", 2, nil, ""},
	{"unknown fields and kinds", testHeader + `{"n":1,"t":1,"p":"a","new":{"x":[1]},"call":{"id":"1","later":true}}` + "\n", 1, nil, ""},
	{"unknown fields in the header", `{"format":"orrery-trace/1","new":{}}` + "\n", 0, nil, ""},

	{"an empty file", "", 0, ErrNoHeader, "trace: line 1: the first line is no header of an orrery trace: the file is empty"},
	{"a torn header", `{"format":`, 0, ErrTorn, "trace: line 1: the last line is not complete"},
	{"no JSON", "hello\n", 0, ErrNoHeader, "trace: line 1: the first line is no header of an orrery trace: invalid character 'h' looking for beginning of value"},
	{"no format", "{}\n", 0, ErrNoHeader, ""},
	{"another version", `{"format":"orrery-trace/2","seed":"changed"}` + "\n", 0, ErrFormat, `trace: line 1: the format is not orrery-trace/1 but "orrery-trace/2"`},
	{"a header with a wrong type", `{"format":"orrery-trace/1","seed":"x"}` + "\n", 0, errAny, "trace: line 1: json: cannot unmarshal string into Go struct field Header.seed of type uint64"},
	{"a torn line", testHeader + `{"n":1,"t":1,"p":"a"}` + "\n" + `{"n":2,"t"`, 1, ErrTorn, "trace: line 3: the last line is not complete"},
	{"a whole line without its newline is torn too", testHeader + `{"n":1,"t":1,"p":"a"}`, 0, ErrTorn, "trace: line 2: the last line is not complete"},
	{"a corrupt line", testHeader + `{"n":1,"t":1,"p":"a"}` + "\n" + "\x00\x01\n" + `{"n":2,"t":1,"p":"a"}` + "\n", 1, errAny, "trace: line 3: invalid character '\\x00' looking for beginning of value"},
	{"an empty line", testHeader + "\n", 0, errAny, "trace: line 2: unexpected end of JSON input"},
	{"two objects in a line", testHeader + `{"t":1,"p":"a"}{"t":1,"p":"a"}` + "\n", 0, errAny, ""},
	{"no object", testHeader + "null\n", 0, ErrNoProcess, "trace: line 2: no process is named"},
	{"a wrong type", testHeader + `{"n":1,"t":"soon","p":"a"}` + "\n", 0, errAny, ""},
	{"time goes back", testHeader + `{"n":1,"t":5,"p":"a"}` + "\n" + `{"n":2,"t":4,"p":"a"}` + "\n", 1, ErrOutOfOrder, "trace: line 3: out of order: its time 4 is before 5, the time of the line before"},
	{"a number is missing", testHeader + `{"n":1,"t":5,"p":"a"}` + "\n" + `{"n":3,"t":6,"p":"a"}` + "\n", 1, ErrOutOfOrder, "trace: line 3: out of order: its number is 3 and should be 2"},
	{"the first number is not 1", testHeader + `{"n":4,"t":5,"p":"a"}` + "\n", 0, ErrOutOfOrder, ""},
	{"numbers stop", testHeader + `{"n":1,"t":5,"p":"a"}` + "\n" + `{"t":6,"p":"a"}` + "\n", 1, ErrOutOfOrder, "trace: line 3: out of order: its number is 0 and should be 2"},
	{"two kinds", testHeader + `{"n":1,"t":1,"p":"a","phase":{"name":"x"},"sometimes":{"name":"y"}}` + "\n", 0, ErrTwoKinds, ""},
	{"nested too deeply", testHeader + strings.Repeat(`{"call":`, 20000) + "\n", 0, errAny, ""},
}

// errAny stands for an error of the JSON decoder.
var errAny = errors.New("any")

func TestReader(t *testing.T) {
	for _, c := range readerCases {
		t.Run(c.name, func(t *testing.T) {
			lines, err := readAll(strings.NewReader(c.file))
			require.Len(t, lines, c.lines)
			if c.err == nil {
				require.NoError(t, err)
				return
			}
			var at *LineError
			require.ErrorAs(t, err, &at)
			if c.err != errAny {
				require.ErrorIs(t, err, c.err)
			}
			if c.text != "" {
				require.EqualError(t, err, c.text)
			}
		})
	}
}

func readAll(r io.Reader) ([]Line, error) {
	in, err := NewReader(r)
	if err != nil {
		return nil, err
	}
	var lines []Line
	for {
		line, err := in.Read()
		if err == io.EOF {
			return lines, nil
		}
		if err != nil {
			_, again := in.Read()
			if again != err {
				panic("the error did not stay")
			}
			return lines, err
		}
		lines = append(lines, line)
	}
}

var blanks = bytes.Repeat([]byte(" "), 1<<20)

// repeat is an endless line.
type repeat struct{}

func (repeat) Read(p []byte) (int, error) {
	return copy(p, blanks), nil
}

func TestReaderBoundsALine(t *testing.T) {
	_, err := readAll(repeat{})
	require.EqualError(t, err, "trace: line 1: longer than 67108864 bytes")
	_, err = readAll(io.MultiReader(strings.NewReader(testHeader), repeat{}))
	require.EqualError(t, err, "trace: line 2: longer than 67108864 bytes")
}

func TestReaderReturnsTheErrorOfWhatItReads(t *testing.T) {
	broken := errors.New("disk on fire")
	_, err := readAll(io.MultiReader(strings.NewReader(testHeader+`{"n":1`), failing{broken}))
	require.ErrorIs(t, err, broken)
	require.EqualError(t, err, "trace: line 2: disk on fire")
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// FuzzReader: nothing panics, and what is read without error can be written and read again, the same.
func FuzzReader(f *testing.F) {
	for _, c := range readerCases {
		f.Add([]byte(c.file))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		in, err := NewReader(bytes.NewReader(file))
		if err != nil {
			return
		}
		lines, err := readAll(bytes.NewReader(file))
		if err != nil {
			var at *LineError
			require.ErrorAs(t, err, &at)
			require.LessOrEqual(t, at.Number, bytes.Count(file, []byte("\n"))+1)
			return
		}
		var first, second bytes.Buffer
		write(t, &first, in.Header, lines)
		again, err := readAll(bytes.NewReader(first.Bytes()))
		require.NoError(t, err)
		write(t, &second, in.Header, again)
		require.Equal(t, first.String(), second.String())
	})
}

func write(t *testing.T, w io.Writer, header Header, lines []Line) {
	out, err := NewWriter(w, header)
	require.NoError(t, err)
	for _, l := range lines {
		require.NoError(t, out.Write(l))
	}
	require.NoError(t, out.Flush())
}
