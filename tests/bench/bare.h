// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What OpenSSL alone needs for the work that is measured: the other half of a
 * ratio.
 */
#ifndef BARE_H
#define BARE_H

#include <stdint.h>

/* Of this process, all its threads. */
uint64_t cpu_nanoseconds(void);

/*
 * Nanoseconds for what a server computes for so many registrations by pre-shared
 * key: a key pair and a shared secret; SKEYSEED, prf+ for seven keys, two AUTH of
 * three prf each, GSK_w; one message opened, one sealed; one key wrapped.
 */
uint64_t bare_registrations(unsigned int count);

#endif /* BARE_H */
