// Package report words what judges found, for people.
//
// [Write] writes a whole report: the verdict first; what the run was and did; each checker's verdict; each broken
// guarantee in its one sentence, the first line that breaks it, the lines about the same object around it in plain words,
// and what would have been allowed; why something could not be judged; last the command that makes the same run again.
// [Summary] is one line. [Tally] counts lines as they come, for a line of progress during a run.
//
// The same history and findings give the same text, byte for byte.
//
// **Not done**: pictures.
//
// Sources: Jepsen and TigerBeetle's VOPR, for what a report has to show; STYLE.md for the words.
package report
