// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Wrapping of keys on the key channel: AES key wrap with padding (RFC 5649)
 * under a key that mrkmd draws at each start and leaves in a file that only
 * the FRR user can read.  So neither zebra's packet dumps nor the buffers of
 * the ZAPI library, which are never wiped, hold a usable key.
 */
#ifndef MRKM_WRAP_H
#define MRKM_WRAP_H

#include <stddef.h>
#include <stdint.h>

#include "keytable/keytable.h"
#include "mrkm/mrkm_msg.h"

/* Name of the file in FRR's run directory (frr_runstatedir). */
#define MRKM_WRAP_FILE "mrkmd.wrap"

#define MRKM_WRAP_KEY_LEN 32

struct mrkm_wrap_key {
	uint64_t boot; /* of the mrkmd that drew it; never 0 */
	uint8_t octets[MRKM_WRAP_KEY_LEN];
};

/* A fresh random key and boot number.  0, or -MRKM_ERR_CRYPTO. */
int mrkm_wrap_key_draw(struct mrkm_wrap_key *key);

/*
 * Leaves the key in `path`: mode 0600, in one step, so that a reader sees the
 * old file or the new one.  0, or -MRKM_ERR_FILE with errno set.
 */
int mrkm_wrap_key_store(const struct mrkm_wrap_key *key, const char *path);

/*
 * Reads it back.  A file that is not ours (or root's), or that others can
 * read or write, is refused.  0, or -MRKM_ERR_NO_WRAP_KEY.
 */
int mrkm_wrap_key_load(struct mrkm_wrap_key *key, const char *path);

void mrkm_wrap_key_wipe(struct mrkm_wrap_key *key);

/*
 * Fills the row of a KEYS message from `row` and wraps the key.  The row, the
 * group, the protocol, the key chain and the boot number of `msg` are wrapped
 * along as a digest: a wrapped key cannot be moved to any other place.  0, or
 * -MRKM_ERR_BAD_KEY, -MRKM_ERR_CRYPTO, or as mrkm_msg_row_identity().
 */
int mrkm_wrap_row(const struct mrkm_wrap_key *key, const struct mrkm_msg *msg,
		  const struct keytable_row *row, struct mrkm_msg_row *out);

/*
 * The reverse; `row` is the caller's to wipe, and wiped after an error.  0,
 * -MRKM_ERR_NO_WRAP_KEY when the message is of another boot than the key,
 * -MRKM_ERR_UNWRAP, -MRKM_ERR_CRYPTO.
 */
int mrkm_unwrap_row(const struct mrkm_wrap_key *key, const struct mrkm_msg *msg,
		    const struct mrkm_msg_row *in, struct keytable_row *row);

#endif /* MRKM_WRAP_H */
