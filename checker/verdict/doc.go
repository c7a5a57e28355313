// Package verdict holds the words in which judges speak: verdicts, findings, and the interface of a checker.
//
// The contract:
//
//  1. A verdict is Ok, Illegal or Unknown; exit status 0, 1, 2.
//  2. Illegal beats Unknown beats Ok: a run that broke a guarantee stays illegal whatever else could not be judged, and a
//     run of which some part could not be judged is never Ok.
//  3. A checker that ran out of time or memory, or was shown too little, says so in [Result.Unknown]. It never says nothing.
//  4. A guarantee is one sentinel error whose text is the guarantee in one sentence; a [Finding] names the one it breaks.
//
// **Not done**: reading traces (package history), judging (one package per checker), wording a whole report (package
// report).
//
// Sources: porcupine (Ok, Illegal, Unknown); etcd, for a guarantee as the text of one error; DESIGN.md section 6.
package verdict
