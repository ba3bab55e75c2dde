// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The file of `debug mrkm keylog FILE`.
 */
#ifndef MRKM_KEYLOG_H
#define MRKM_KEYLOG_H

#include <stdbool.h>
#include <stddef.h>

/* After so many lines it is closed: strangers, too, make SAs that have keys. */
#define MRKM_KEYLOG_LINES_MAX 10000

/*
 * Makes the file, which must not be there yet, readable by the daemon's user
 * alone; a file that is open already is closed first.  0 or a negated errno;
 * `problem` is then a sentence that says what to do.
 */
int mrkm_keylog_open(const char *path, char *problem, size_t size);

/* The name of the open file; NULL: there is none. */
const char *mrkm_keylog_path(void);

/*
 * Appends a line that ends in "\n".  0, or a negated errno with a sentence in
 * `problem`, and the file is closed then.  Without an open file it does nothing.
 */
int mrkm_keylog_write(const char *line, size_t len, char *problem, size_t size);

/* Closes it; false: there was none. */
bool mrkm_keylog_close(void);

#endif /* MRKM_KEYLOG_H */
