// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an operator can do about a reason.
 */
#ifndef MRKM_ADVICE_H
#define MRKM_ADVICE_H

/*
 * For an error of a group member, negated or not: what to look at, as the
 * second half of a sentence.  Never NULL.
 */
const char *mrkm_advice(int err);

#endif /* MRKM_ADVICE_H */
