/// Bounds of the back office.
enum OfficeLimits {
    /// Between two looks whether another process has changed the store: somebody who disables a key there waits no longer than that.
    static let pollMilliseconds = 50

    /// Looks at files that are as they were, between two at which the store is asked all the same: a second.
    static let stillLooks = 20

    /// After the store could not be read, until the next try.
    static let retryMilliseconds = 1000

    /// For all workers to serve by what a request has changed before it is answered: a turn of theirs, and time for a machine that stands still.
    /// One that has left answers no more.
    static let adoptionMilliseconds = 2000

    /// For the thread that watches the store to end, when the process does.
    static let endMilliseconds = 2000

    /// Between two times at which it is written down when keys were last used: one sync of the disk.
    static let useMilliseconds = 5000

    /// Changes of keys, and digests that they changed, since a table was made of all: each change copies them, and each lookup looks there first. Past them
    /// a table is made anew, which takes as long as for all keys.
    static let changedKeys = 4096

    /// Keys that are made again for what they turn on, each as if it had changed: of more all keys are.
    static let affectedKeys = 1000

    /// Places of configs, and numbers of workspaces, that are gone, beside as many again as there are: each takes some hundred bytes, until all is made anew.
    static let emptyPlaces = 256

    /// Snapshots whose notes of use are looked at: the last, and those that a worker with a long turn may still serve by.
    static let keptUses = 8

    /// Bytes of the prompts and partials that are at hand to workers. What is published, newest or labelled goes first; 20,000 of usual length fit.
    static let promptByteCount = 64 << 20

    /// Their versions: each costs some 400 bytes beside its text.
    static let promptVersionCount = 1 << 15

    /// Versions read from the store in one transaction.
    static let promptBatch = 256

    /// Faults of one reading that are told. The rest is told as a number.
    static let toldFaults = 20
}
