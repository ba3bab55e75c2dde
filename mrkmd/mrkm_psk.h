// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pre-shared key files.
 */
#ifndef MRKM_PSK_H
#define MRKM_PSK_H

#include <stddef.h>
#include <stdint.h>

#include "gikev2/gikev2.h"

/* Shorter keys are taken, but warned of. */
#define MRKM_PSK_WEAK 16

/*
 * Reads a pre-shared key: the octets of a regular file without the line end
 * at its end, or, when it begins with 0x, what its hexadecimal digits stand
 * for.  Nobody but the owner may have any right to the file.
 *
 * 0, and the caller wipes *secret after use; or -EACCES and the like with a
 * sentence in `problem` that names the file and says what to do.  The file is
 * read anew each time, so that a changed key is in force at its next use and
 * none stays in memory in between.
 */
int mrkm_psk_read(const char *path, struct gikev2_secret *secret, char *problem,
		  size_t size);

/*
 * As mrkm_psk_read(), when only the verdict is wanted.  With 0, `problem`
 * holds a warning about a weak key or is empty.
 */
int mrkm_psk_check(const char *path, char *problem, size_t size);

#endif /* MRKM_PSK_H */
