// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Octets at rest: AES-256-GCM under a key from a file or a token.
 */
#ifndef MRKM_SEAL_H
#define MRKM_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mrkm_seal;

/* Octets that sealing adds. */
#define MRKM_SEAL_OVERHEAD (16 + 8 + 16)

/*
 * Takes the key that `name` names: a file, or the URI of an Ed25519 private
 * key.  With `make`, a file that is missing is made.  0, or a negated errno and
 * a sentence in `problem`.
 */
int mrkm_seal_open(const char *name, bool make, struct mrkm_seal **seal,
		   char *problem, size_t size);
void mrkm_seal_close(struct mrkm_seal *seal);

/*
 * Seals `len` octets, bound to what they are called, into out, which has room
 * for len + MRKM_SEAL_OVERHEAD; or opens them into out, which has room for
 * len - MRKM_SEAL_OVERHEAD.  0; -EBADMSG: sealed under another key, under
 * another name, or damaged; -EIO: OpenSSL refused.
 */
int mrkm_seal(struct mrkm_seal *seal, const uint8_t *name, size_t name_len,
	      const uint8_t *octets, size_t len, uint8_t *out);
int mrkm_unseal(struct mrkm_seal *seal, const uint8_t *name, size_t name_len,
		const uint8_t *octets, size_t len, uint8_t *out);

#endif /* MRKM_SEAL_H */
