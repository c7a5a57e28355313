package bench

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// Row is one line of the table: a figure and what it is held against.
type Row struct {
	Measure string
	// Got is the figure, Detail what it was made from.
	Got, Detail string
	// Target is empty if the figure is only told.
	Target string
	Met    bool
}

func (r Row) verdict() string {
	switch {
	case r.Target == "":
		return "-"
	case r.Met:
		return "met"
	}
	return "not met"
}

// printTable writes the rows under a heading, in columns.
func printTable(w io.Writer, rows []Row) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "MEASURE\tGOT\tTARGET\tVERDICT\tFROM")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", r.Measure, r.Got, cmp.Or(r.Target, "-"), r.verdict(), r.Detail)
	}
	return t.Flush()
}

// atMost is the row of a figure that should be small, atLeast that of one that should be large.
func atMost(measure string, got, target float64, detail string) Row {
	return Row{Measure: measure, Got: fmt.Sprintf("%.2f", got), Target: fmt.Sprintf("≤ %.2f", target), Met: got <= target, Detail: detail}
}

func atLeast(measure string, got, target float64, detail string) Row {
	return Row{Measure: measure, Got: fmt.Sprintf("%.2f", got), Target: fmt.Sprintf("≥ %.2f", target), Met: got >= target, Detail: detail}
}

// told is the row of a figure that nothing is asked of.
func told(measure, got, detail string) Row { return Row{Measure: measure, Got: got, Detail: detail} }

// median is the middle of the figures, of which there must be one; of an even number the mean of the two in the middle.
func median(figures []float64) float64 {
	sorted := slices.Sorted(slices.Values(figures))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
