// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What OpenSSL alone needs for the work that is measured: the other half of a
 * ratio.
 */
#ifndef BARE_H
#define BARE_H

#include <stdint.h>

struct pki_cert;

/* Of this process, all its threads. */
uint64_t cpu_nanoseconds(void);

/*
 * Nanoseconds for what a server computes for so many registrations by pre-shared
 * key: a key pair and a shared secret; SKEYSEED, prf+ for seven keys, two AUTH of
 * three prf each, GSK_w; one message opened, one sealed; one key wrapped.
 */
uint64_t bare_registrations(unsigned int count);

/*
 * What comes on top where both sides prove themselves by certificates, less the two
 * AUTH by pre-shared key, which stay in: a signature, one verified, and a
 * certificate read and verified under its CA.
 */
uint64_t bare_proofs(unsigned int count, const struct pki_cert *cert,
		     const struct pki_cert *ca);

#endif /* BARE_H */
