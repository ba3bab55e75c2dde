// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How often something may be said.
 */
#ifndef MRKM_LIMIT_H
#define MRKM_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

/* One for each kind of line; all zero at first. */
struct mrkm_limiter {
	uint64_t window_start; /* 0: never used */
	uint32_t passed;       /* in this window */
	uint64_t suppressed;   /* since the last one that passed */
};

/* Length of a window, in microseconds as all time here. */
#define MRKM_LIMIT_WINDOW UINT64_C(10000000)

/*
 * May one more pass at `now`, with at most `most` in a window?  If so,
 * *suppressed gets how many could not since the last that could.
 */
bool mrkm_limiter_pass(struct mrkm_limiter *limiter, uint32_t most,
		       uint64_t now, uint64_t *suppressed);

#endif /* MRKM_LIMIT_H */
