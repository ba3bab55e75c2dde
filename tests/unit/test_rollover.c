// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rollover: what is sent with and what is accepted, instant by instant, for
 * every kind of download, then for thousands of random ones.
 */
#include <stdlib.h>

#include "gikev2/gikev2_rollover.h"
#include "test_util.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define SECOND GIKEV2_SECOND
#define START (1000 * SECOND) /* second 0 of the cases */

/* ------------------------------------------------------------------- cases */

#define ABSENT (-1)
#define KEYS_MAX 4
#define STEPS_MAX 6

/* Named by one letter; lower case is one protocol, upper case another. */
struct key {
	char name;
	uint8_t id; /* 0: the letter */
	uint32_t life;
};

struct step {
	unsigned int at; /* second */
	enum {
		END,
		REGISTER,
		REKEY,
		TOO_MANY
	} kind;
	int atd, dtd; /* seconds */
	struct key keys[KEYS_MAX];
	unsigned int waited; /* seconds since we asked */
};

#define K(name)                                                                \
	{                                                                      \
		name, 0, 3600                                                  \
	}

/*
 * What is expected: "SECOND:sent with/accepted", oldest first; a minus behind
 * the second is the microsecond before.
 */
static const struct {
	const char *what;
	struct step steps[STEPS_MAX];
	const char *expected;
} cases[] = {
	{ "first registration: send at once",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } } },
	  "0:a/a 3600-:a/a 3600:/" },
	{ "first registration, with delays: no predecessor, send at once",
	  { { 0, REGISTER, 10, 20, { K('a') } } },
	  "0:a/a 10:a/a 20:a/a 3600:/" },
	{ "roll",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 5, 15, { K('b') } } },
	  "99:a/a 100:a/ab 105-:a/ab 105:b/ab 115-:b/ab 115:b/b 3600:b/b "
	  "3700-:b/b 3700:/" },
	{ "roll without delays: the new key alone, at once",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, ABSENT, ABSENT, { K('b') } } },
	  "100:b/b" },
	{ "roll without ATD: send at once, the old is accepted till DTD",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, ABSENT, 15, { K('b') } } },
	  "100:b/ab 115-:b/ab 115:b/b" },
	{ "roll without DTD: the old one goes when the new one is used",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 5, ABSENT, { K('b') } } },
	  "100:a/ab 105-:a/ab 105:b/b" },
	{ "roll, DTD before ATD: what is sent with is not let go",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 15, 5, { K('b') } } },
	  "105:a/ab 115-:a/ab 115:b/b" },
	{ "roll of a member without keys: send at once",
	  { { 100, REKEY, 5, 15, { K('b') } } },
	  "100:b/b 105:b/b" },
	{ "a server without a past has rolled: its first key again, no way back",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REGISTER, 60, 70, { K('b') } },
	    { 110, REKEY, 50, 60, { K('c') } },
	    { 120, REGISTER, 40, 50, { K('b') } } },
	  "119:a/abc 120:a/abc 160-:a/abc 160:c/abc 170:c/c" },
	{ "its list of both: what was planned for the first stands",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REGISTER, 60, 70, { K('b') } },
	    { 110, REKEY, 80, 95, { K('b'), K('c') } } },
	  "110:a/abc 160-:a/abc 160:b/abc 170-:b/abc 170:b/bc 190:c/bc 205:c/c" },
	{ "its list, with an older one that is not known: accepted, no more",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REGISTER, 60, 70, { K('b') } },
	    { 110, REKEY, 50, 60, { K('x'), K('c') } } },
	  "110:a/abxc 160-:a/abxc 160:c/abxc 170:c/c" },
	{ "who had no key before: the same",
	  { { 100, REGISTER, 60, 70, { K('b') } },
	    { 110, REKEY, 5, 15, { K('c') } },
	    { 112, REGISTER, 48, 58, { K('c') } } },
	  "112:b/bc 115:c/bc 125:c/c" },
	{ "the same rekey again: delays count from the first copy",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 5, 15, { K('b') } },
	    { 103, REKEY, 5, 15, { K('b') } } },
	  "104:a/ab 105:b/ab 115:b/b" },
	{ "the same rekey again, after all: nothing comes back",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 5, 15, { K('b') } },
	    { 200, REKEY, 5, 15, { K('b') } } },
	  "200:b/b" },
	{ "the same rekey again, with delays that end sooner",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 300, 600, { K('b') } },
	    { 110, REKEY, 10, 490, { K('b') } } },
	  "119:a/ab 120:b/ab 600-:b/ab 600:b/b" },
	{ "again without ATD: the old one is accepted until DTD",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 300, 600, { K('b') } },
	    { 110, REKEY, ABSENT, 20, { K('b') } } },
	  "109:a/ab 110:b/ab 129:b/ab 130:b/b" },
	{ "again without delays: the old one is gone",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 300, 600, { K('b') } },
	    { 110, REKEY, ABSENT, ABSENT, { K('b') } } },
	  "109:a/ab 110:b/b" },
	{ "again, and only one delay ends sooner",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 30, 600, { K('b') } },
	    { 110, REKEY, 40, 60, { K('b') } } },
	  "129:a/ab 130:b/ab 169:b/ab 170:b/b" },
	{ "again, and the old one is to go before it is sent with for the last time",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 300, 600, { K('b') } },
	    { 110, REKEY, 20, 10, { K('b') } } },
	  "129:a/ab 130:b/b" },
	{ "two rolls, and the younger again: what ended before does not come back",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 30, 600, { K('b') } },
	    { 150, REKEY, 300, 600, { K('c') } },
	    { 160, REKEY, 200, 400, { K('c') } } },
	  "129:a/ab 130:b/ab 359:b/abc 360:c/abc 559:c/abc 560:c/c" },
	{ "two rolls, and the younger again: it passes the older",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 300, 600, { K('b') } },
	    { 150, REKEY, 300, 600, { K('c') } },
	    { 160, REKEY, 10, 200, { K('c') } } },
	  "169:a/abc 170:c/abc 359:c/abc 360:c/c" },
	{ "two rolls, and the older again: the younger stays as it is",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 300, 600, { K('b') } },
	    { 150, REKEY, 300, 600, { K('c') } },
	    { 160, REKEY, 10, 200, { K('b') } } },
	  "169:a/abc 170:b/abc 360:b/bc 449:b/bc 450:c/bc 750:c/c" },
	{ "again, of two protocols: each has its own",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a'), K('A') } },
	    { 100, REKEY, 300, 600, { K('b'), K('B') } },
	    { 110, REKEY, 10, 20, { K('B') } } },
	  "119:aA/aAbB 120:aB/aAbB 130:aB/abB 400:bB/abB 700:bB/bB" },
	{ "second roll before the first one's ATD",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 10, 20, { K('b') } },
	    { 104, REKEY, 10, 20, { K('c') } } },
	  "104:a/abc 110-:a/abc 110:b/abc 114-:b/abc 114:c/abc "
	  "120-:c/abc 120:c/bc 124-:c/bc 124:c/c" },
	{ "second roll that overtakes the first one",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 60, 90, { K('b') } },
	    { 104, REKEY, 5, 15, { K('c') } } },
	  "104:a/abc 109-:a/abc 109:c/abc 119-:c/abc 119:c/c 160:c/c" },
	{ "second roll between ATD and DTD",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 5, 15, { K('b') } },
	    { 110, REKEY, 5, 15, { K('c') } } },
	  "110:b/abc 115-:b/abc 115:c/bc 125-:c/bc 125:c/c" },
	{ "three rolls, one generation a second",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 5, 15, { K('b') } },
	    { 101, REKEY, 5, 15, { K('c') } },
	    { 102, REKEY, 5, 15, { K('d') } } },
	  "104:a/abcd 105:b/abcd 106:c/abcd 107:d/abcd 115:d/bcd 116:d/cd "
	  "117:d/d" },
	{ "registration in the middle of a roll, before ATD",
	  { { 100, REGISTER, 3, 13, { K('a'), K('b') } } },
	  "100:a/ab 103-:a/ab 103:b/ab 113-:b/ab 113:b/b" },
	{ "registration in the middle of a roll, after ATD",
	  { { 100, REGISTER, ABSENT, 8, { K('a'), K('b') } } },
	  "100:b/ab 108-:b/ab 108:b/b" },
	{ "registration with three generations",
	  { { 100, REGISTER, 3, 13, { K('a'), K('b'), K('c') } } },
	  "100:b/abc 103-:b/abc 103:c/abc 113-:c/abc 113:c/c" },
	{ "registration with four generations, after ATD",
	  { { 100, REGISTER, ABSENT, 13, { K('a'), K('b'), K('c'), K('d') } } },
	  "100:d/abcd 113:d/d" },
	{ "registration anew, nothing has changed",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REGISTER, ABSENT, ABSENT, { { 'a', 0, 3500 } } } },
	  "0:a/a 100:a/a 3600-:a/a 3600:/" },
	{ "registration anew in the middle of a roll",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 5, 15, { K('b') } },
	    { 102, REGISTER, 3, 13, { { 'a', 0, 3498 }, { 'b', 0, 3598 } } } },
	  "102:a/ab 105-:a/ab 105:b/ab 115-:b/ab 115:b/b" },
	{ "registration anew, a rekey was missed",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REGISTER, 5, 15, { { 'a', 0, 3500 }, K('b') } } },
	  "100:a/ab 105:b/ab 115:b/b" },
	{ "registration anew, a whole roll was missed",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REGISTER, ABSENT, ABSENT, { K('b') } } },
	  "100:b/b" },
	{ "registration with a server that lost its past",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REGISTER, 50, 60, { K('x') } } },
	  "100:a/ax 150-:a/ax 150:x/ax 160-:x/ax 160:x/x" },
	{ "the same, ATD has passed already",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REGISTER, ABSENT, 10, { K('x') } } },
	  "100:x/ax 110:x/x" },
	{ "the same in the middle of a roll",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 5, 15, { K('b') } },
	    { 102, REGISTER, 50, 60, { K('x') } } },
	  "102:a/abx 105:b/abx 115:b/bx 152:x/bx 162:x/x" },
	{ "server that lost its past, registration anew before ATD",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REGISTER, 50, 60, { K('x') } },
	    { 110, REGISTER, 40, 50, { { 'x', 0, 3590 } } } },
	  "110:a/ax 150-:a/ax 150:x/ax 160-:x/ax 160:x/x" },
	{ "server that lost its past, registration anew after ATD",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REGISTER, 50, 60, { K('x') } },
	    { 152, REGISTER, ABSENT, 8, { { 'x', 0, 3548 } } } },
	  "149:a/ax 152:x/ax 160-:x/ax 160:x/x" },
	{ "the same, much later: it has a past now",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REGISTER, 50, 60, { K('x') } },
	    { 300, REKEY, 5, 15, { K('y') } },
	    { 303, REGISTER, 5, 15, { K('y') } } },
	  "302:x/xy 303:y/y" },
	{ "registration anew: what the server does not list any more is gone",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 5, 15, { K('b') } },
	    { 110, REGISTER, 5, 15, { { 'b', 0, 3590 }, K('c') } } },
	  "109:b/ab 110:b/bc 115:c/bc 125:c/c" },
	{ "answer to a registration that a rekey has overtaken",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 5, 15, { K('b') } },
	    { 103, REGISTER, ABSENT, ABSENT, { { 'a', 0, 3497 } }, 4 } },
	  "103:a/ab 105-:a/ab 105:b/ab 115-:b/ab 115:b/b" },
	{ "the same, asked after the rekey: what is not listed is gone",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 5, 15, { K('b') } },
	    { 103, REGISTER, ABSENT, ABSENT, { { 'a', 0, 3497 } }, 3 } },
	  "103:a/a" },
	{ "the same, by a server that has lost its past",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 5, 15, { K('b') } },
	    { 103, REGISTER, 50, 60, { K('x') }, 4 } },
	  "103:a/abx 105:b/abx 115:b/bx 153:x/bx 163:x/x" },
	{ "registration with ATD alone: no sign of a lost past",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REGISTER, 50, ABSENT, { K('x') } } },
	  "100:x/x" },
	{ "registration, and the group has a protocol less",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a'), K('A') } },
	    { 100, REGISTER, ABSENT, ABSENT, { { 'A', 0, 3500 } } } },
	  "0:aA/aA 100:A/A" },
	{ "the same, by a server that lost its past",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a'), K('A') } },
	    { 100, REGISTER, 50, 60, { K('X') } } },
	  "100:A/AX 150:X/AX 160:X/X" },
	{ "a rekey adds, it takes nothing away",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a'), K('A') } },
	    { 100, REKEY, 5, 15, { K('b') } } },
	  "100:aA/aAb 105:Ab/aAb 115:Ab/Ab" },
	{ "protocols roll together",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a'), K('A') } },
	    { 100, REKEY, 5, 15, { K('b'), K('B') } } },
	  "100:aA/aAbB 105:bB/aAbB 115:bB/bB" },
	{ "a protocol that is new: no predecessor, send at once",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 5, 15, { K('b'), K('B') } } },
	  "100:aB/abB 105:bB/abB 115:bB/bB" },
	{ "same ID, another key: the new one takes over at once",
	  { { 0, REGISTER, ABSENT, ABSENT, { { 'a', 7, 3600 } } },
	    { 100, REKEY, 5, 15, { { 'b', 7, 3600 } } } },
	  "99:a/a 100:b/b" },
	{ "same ID, another key, from a server that lost its past",
	  { { 0, REGISTER, ABSENT, ABSENT, { { 'a', 7, 3600 } } },
	    { 100, REGISTER, 50, 60, { { 'x', 7, 3600 } } } },
	  "100:x/x" },
	{ "same ID as what is sent with, and another that waits: no gap",
	  { { 0, REGISTER, ABSENT, ABSENT, { { 'a', 7, 3600 } } },
	    { 100, REGISTER, 60, 70, { { 'x', 8, 3600 } } },
	    { 130, REGISTER, 60, 70, { { 'y', 7, 3600 } } } },
	  "100:a/ax 129:a/ax 130:x/xy 189:x/xy 190:y/xy 200:y/y" },
	{ "the same by a rekey",
	  { { 0, REGISTER, ABSENT, ABSENT, { { 'a', 7, 3600 } } },
	    { 100, REKEY, 60, 70, { { 'x', 8, 3600 } } },
	    { 130, REKEY, 60, 70, { { 'y', 7, 3600 } } } },
	  "100:a/ax 129:a/ax 130:x/xy 189:x/xy 190:y/xy 200:y/y" },
	{ "same ID in another protocol is no clash",
	  { { 0, REGISTER, ABSENT, ABSENT, { { 'a', 7, 3600 } } },
	    { 100, REKEY, 5, 15, { { 'B', 7, 3600 } } } },
	  "100:aB/aB 115:aB/aB" },
	{ "the old one's lifetime ends before ATD: no gap",
	  { { 0, REGISTER, ABSENT, ABSENT, { { 'a', 0, 103 } } },
	    { 100, REKEY, 5, 15, { K('b') } } },
	  "100:a/ab 103-:a/ab 103:b/b" },
	{ "the old one's lifetime ends between ATD and DTD",
	  { { 0, REGISTER, ABSENT, ABSENT, { { 'a', 0, 110 } } },
	    { 100, REKEY, 5, 15, { K('b') } } },
	  "105:b/ab 110-:b/ab 110:b/b" },
	{ "the older of a registration ends before ATD",
	  { { 100, REGISTER, 5, 15, { { 'a', 0, 2 }, K('b') } } },
	  "100:a/ab 102-:a/ab 102:b/b" },
	{ "the new one's lifetime is shorter than DTD",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 5, 15, { { 'b', 0, 10 } } } },
	  "105:b/ab 110-:b/ab 110:/a 115:/" },
	{ "a key without life is none",
	  { { 0, REGISTER, ABSENT, ABSENT, { { 'a', 0, 0 } } } },
	  "0:/" },
	{ "more rows than there may be: nothing changes",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, TOO_MANY, 5, 15, { { 0 } } } },
	  "100:a/a" },
	{ "registration answered before a rekey: delays do not end later",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 50, 100, { K('b') } },
	    { 110, REKEY, 5, 95, { K('b') } },
	    { 120, REGISTER, 30, 95, { K('a'), K('b') }, 15 } },
	  "115-:a/ab 115:b/ab 120:b/ab 200-:b/ab 200:b/b" },
	{ "registration answered before a rekey, and after the switch",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 5, 15, { K('b') } },
	    { 110, REGISTER, 30, 95, { K('a'), K('b') }, 15 } },
	  "105:b/ab 110:b/ab 115-:b/ab 115:b/b" },
	{ "rekey with all keys: one that was missed comes before the known",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 50, 100, { K('c') } },
	    { 110, REKEY, 40, 90, { K('b'), K('a'), K('c') } } },
	  "109:a/ac 110:a/bac 150-:a/bac 150:c/bac 200-:c/bac 200:c/c" },
	{ "rekey with all keys: their order is put right",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 50, 100, { K('c') } },
	    { 105, REKEY, 45, 95, { K('b') } },
	    { 110, REKEY, 40, 90, { K('b'), K('a'), K('c') } } },
	  "105:a/acb 110:a/bac 150-:a/bac 150:c/bac 200-:c/bac 200:c/c" },
	{ "rekey with all keys: the one before the youngest is in use",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 40, 90, { K('a'), K('b'), K('c') } } },
	  "99:a/a 100:b/abc 140-:b/abc 140:c/abc 190-:c/abc 190:c/c" },
	{ "rekey with all keys, overtaken by another: accepted, no more",
	  { { 0, REGISTER, ABSENT, ABSENT, { K('a') } },
	    { 100, REKEY, 50, 100, { K('d') } },
	    { 110, REKEY, 30, 80, { K('b'), K('a'), K('c') } } },
	  "110:a/bcad 150-:a/bcad 150:d/bcad 190-:d/bcad 190:d/ad 200:d/d" },
};

/* ----------------------------------------------------------------- the rules */

static bool is_alpha_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static struct keytable_row make_row(const struct key *key, uint64_t now)
{
	struct keytable_row row = {
		.protocol = is_alpha_upper(key->name) ? 205 : 201,
		.direction = KEYTABLE_BOTH,
		.id = key->id ? key->id : (uint8_t)key->name,
		.algorithm = KEYTABLE_HMAC_SHA_256,
		.accept_end = now + key->life * SECOND,
		.key_len = 32,
	};

	memset(row.key, key->name, row.key_len);
	return row;
}

static struct gikev2_download make_download(const struct step *step,
					    uint64_t now)
{
	struct gikev2_download download = {
		.has_atd = step->atd != ABSENT,
		.has_dtd = step->dtd != ABSENT,
	};

	if (download.has_atd)
		download.atd = step->atd * SECOND;
	if (download.has_dtd)
		download.dtd = step->dtd * SECOND;
	for (size_t i = 0; i < KEYS_MAX && step->keys[i].name; i++)
		download.keys.row[download.keys.count++] =
			make_row(&step->keys[i], now);
	return download;
}

/*
 * What holds of any rows: windows within windows, never two keys to send with,
 * oldest first.  False says which rule is broken.
 */
static bool rules_hold(const struct gikev2_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct keytable_row *a = &rows->row[i];

		if (a->direction != KEYTABLE_BOTH)
			return false;
		if (a->send_start < a->send_end &&
		    (a->send_start < a->accept_start ||
		     a->send_end > a->accept_end))
			return false;
		for (size_t j = i + 1; j < rows->count; j++) {
			const struct keytable_row *b = &rows->row[j];

			if (a->protocol != b->protocol)
				continue;
			if (a->id == b->id)
				return false;
			/* but for one that came late, and is only accepted */
			if (a->send_start < a->send_end &&
			    a->accept_start > b->accept_start)
				return false;
			if (a->send_start < b->send_end &&
			    b->send_start < a->send_end &&
			    a->send_start < a->send_end &&
			    b->send_start < b->send_end)
				return false;
		}
	}
	return true;
}

/* "sent with/accepted" at an instant. */
static void describe(const struct gikev2_rows *rows, uint64_t now, char *text)
{
	for (size_t i = 0; i < rows->count; i++)
		if (keytable_row_can_send(&rows->row[i], now))
			*text++ = (char)rows->row[i].key[0];
	*text++ = '/';
	for (size_t i = 0; i < rows->count; i++)
		if (keytable_row_can_accept(&rows->row[i], now))
			*text++ = (char)rows->row[i].key[0];
	*text = '\0';
}

static void apply(struct gikev2_rows *rows, const struct step *step)
{
	uint64_t now = START + step->at * SECOND;
	struct gikev2_download download = make_download(step, now);

	if (step->kind == REGISTER) {
		gikev2_rollover_register(rows, &download,
					 now - step->waited * SECOND + 1, now);
	} else if (step->kind == REKEY) {
		assert_int_equal(gikev2_rollover_rekey(rows, &download, now),
				 0);
	} else {
		for (size_t i = 0; i < KEYTABLE_ROWS_MAX; i++) {
			struct key key = { 'b', 100 + i, 3600 };

			download.keys.row[download.keys.count++] =
				make_row(&key, now);
		}
		assert_int_equal(gikev2_rollover_rekey(rows, &download, now),
				 -GIKEV2_ERR_LIMIT);
	}
}

/* Steps up to and at that instant, then expiry: as a member does. */
static void play(const struct step *steps, struct gikev2_rows *rows,
		 uint64_t until)
{
	*rows = (struct gikev2_rows){ .count = 0 };
	for (size_t i = 0; i < STEPS_MAX && steps[i].kind != END; i++) {
		uint64_t at = START + steps[i].at * SECOND;

		if (at > until)
			break;
		gikev2_rollover_expire(rows, at);
		apply(rows, &steps[i]);
		assert_true(rules_hold(rows));
	}
	gikev2_rollover_expire(rows, until);
}

static void check_case(size_t at)
{
	const char *text = cases[at].expected;
	char want[2 * KEYTABLE_ROWS_MAX + 2], got[2 * KEYTABLE_ROWS_MAX + 2];
	struct gikev2_rows rows;

	while (*text) {
		char *end;
		uint64_t now = START + strtoul(text, &end, 10) * SECOND;
		size_t len;

		if (*end == '-') {
			now--;
			end++;
		}
		assert_int_equal(*end++, ':');
		len = strcspn(end, " ");
		memcpy(want, end, len);
		want[len] = '\0';
		play(cases[at].steps, &rows, now);
		describe(&rows, now, got);
		if (strcmp(want, got))
			fail_msg("%s: %s at %.*s, not %s", cases[at].what, got,
				 (int)(end - text - 1), text, want);
		text = end + len + (end[len] == ' ');
	}
}

static void all_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check_case(i);
}

/* --------------------------------------------------------- what cases do not say */

static void starts_are_kept(void **state)
{
	static const struct step steps[STEPS_MAX] = {
		{ 0, REGISTER, ABSENT, ABSENT, { K('a') } },
		{ 100, REGISTER, ABSENT, ABSENT, { { 'a', 0, 3500 } } },
	};
	struct gikev2_rows rows;

	(void)state;
	play(steps, &rows, START + 100 * SECOND);
	assert_int_equal(rows.count, 1);
	assert_int_equal(rows.row[0].accept_start, START);
	assert_int_equal(rows.row[0].send_start, START);
	assert_int_equal(rows.row[0].accept_end, START + 3600 * SECOND);
}

/* A copy of a rekey is no second one. */
static void starts_are_kept_in_copies(void **state)
{
	static const struct step steps[STEPS_MAX] = {
		{ 0, REGISTER, ABSENT, ABSENT, { K('a') } },
		{ 100, REKEY, 5, 15, { K('b') } },
		{ 200, REKEY, 5, 15, { K('b') } },
	};
	struct gikev2_rows rows;

	(void)state;
	play(steps, &rows, START + 200 * SECOND);
	assert_int_equal(rows.count, 1);
	assert_int_equal(rows.row[0].accept_start, START + 100 * SECOND);
	assert_int_equal(rows.row[0].send_start, START + 105 * SECOND);
	assert_int_equal(rows.row[0].accept_end, START + 3700 * SECOND);
}

/* With no room for predecessors, the server's word counts. */
static void no_room_for_predecessors(void **state)
{
	struct gikev2_rows rows = { .count = 0 };
	struct gikev2_download download = { .keys = { .count = 1 } };
	struct step step = { 0, REGISTER, 50, 60, { K('x') } };

	(void)state;
	for (unsigned int i = 0; i < KEYTABLE_ROWS_MAX; i++) {
		struct key key = { 'a', 1 + i, 3600 };

		download.keys.row[0] = make_row(&key, START);
		download.has_dtd = true;
		download.dtd = 60 * SECOND;
		assert_int_equal(gikev2_rollover_rekey(&rows, &download, START),
				 0);
	}
	assert_int_equal(rows.count, KEYTABLE_ROWS_MAX);
	apply(&rows, &step);
	assert_int_equal(rows.count, 1);
	assert_int_equal(rows.row[0].key[0], 'x');
}

/* A key that only looks the same is another one. */
static void same_id_other_algorithm(void **state)
{
	struct gikev2_rows rows = { .count = 0 };
	struct gikev2_download download = { .keys = { .count = 1 } };
	struct key key = K('a');

	(void)state;
	download.keys.row[0] = make_row(&key, START);
	gikev2_rollover_register(&rows, &download, START, START);
	download.keys.row[0].algorithm = KEYTABLE_HMAC_SHA_512;
	assert_int_equal(gikev2_rollover_rekey(&rows, &download, START + 5), 0);
	assert_int_equal(rows.count, 1);
	assert_int_equal(rows.row[0].algorithm, KEYTABLE_HMAC_SHA_512);
	assert_int_equal(rows.row[0].accept_start, START + 5);
}

static void next_and_last(void **state)
{
	struct gikev2_rows rows = { .count = 0 };
	struct step step = { 0, REGISTER, 10, 20, { K('a'), K('b') } };

	(void)state;
	assert_int_equal(gikev2_rollover_next(&rows), GIKEV2_NEVER);
	assert_int_equal(gikev2_rollover_last(&rows), 0);
	assert_false(gikev2_rollover_expire(&rows, START));
	apply(&rows, &step);
	assert_int_equal(gikev2_rollover_next(&rows), START + 20 * SECOND);
	assert_int_equal(gikev2_rollover_last(&rows), START + 3600 * SECOND);
	assert_false(gikev2_rollover_expire(&rows, START + 20 * SECOND - 1));
	assert_true(gikev2_rollover_expire(&rows, START + 20 * SECOND));
	assert_int_equal(rows.count, 1);
	assert_int_equal(gikev2_rollover_next(&rows), START + 3600 * SECOND);
}

/* The sender is taken away in the middle of a roll: the next one takes over. */
static void gap_closed(void **state)
{
	static const struct step steps[STEPS_MAX] = {
		{ 0, REGISTER, ABSENT, ABSENT, { K('a'), K('A') } },
		{ 100, REKEY, 60, 90, { K('b'), K('B') } },
		{ 110, REKEY, 60, 90, { K('c') } },
	};
	struct gikev2_rows rows;
	uint64_t now = START + 120 * SECOND;
	char text[2 * KEYTABLE_ROWS_MAX + 2];

	(void)state;
	play(steps, &rows, now);
	describe(&rows, now, text);
	assert_string_equal(text, "aA/aAbBc");
	assert_int_equal(rows.row[0].key[0], 'a');
	rows.row[0].accept_end = rows.row[0].send_end = now;
	assert_true(gikev2_rollover_expire(&rows, now));
	describe(&rows, now, text);
	assert_string_equal(text, "Ab/AbBc");
	assert_true(rules_hold(&rows));
	/* from then on as it was planned */
	describe(&rows, START + 169 * SECOND, text);
	assert_string_equal(text, "bB/AbBc");
	describe(&rows, START + 170 * SECOND, text);
	assert_string_equal(text, "Bc/AbBc");
}

/* What is gone leaves no octet behind. */
static void wiped(void **state)
{
	static const uint8_t zero[sizeof(struct keytable_row)];
	struct gikev2_rows rows = { .count = 0 };
	struct step step = { 0, REGISTER, 10, 20, { K('a'), K('b') } };

	(void)state;
	apply(&rows, &step);
	gikev2_rollover_expire(&rows, START + 20 * SECOND);
	assert_int_equal(rows.count, 1);
	assert_memory_equal(&rows.row[1], zero, sizeof(zero));
	gikev2_rows_wipe(&rows);
	assert_int_equal(rows.count, 0);
	assert_memory_equal(&rows.row[0], zero, sizeof(zero));
}

/* Delays and lifetimes near the end of time do not wrap. */
static void end_of_time(void **state)
{
	struct gikev2_rows rows = { .count = 0 };
	struct gikev2_download download = { .keys = { .count = 1 } };
	struct key key = K('a');
	uint64_t now = GIKEV2_NEVER - 100;

	(void)state;
	download.keys.row[0] = make_row(&key, 0);
	download.keys.row[0].accept_end = GIKEV2_NEVER;
	gikev2_rollover_register(&rows, &download, now - 100, now - 100);
	download.keys.row[0].id++;
	download.has_atd = download.has_dtd = true;
	download.atd = 60 * SECOND;
	download.dtd = 90 * SECOND;
	assert_int_equal(gikev2_rollover_rekey(&rows, &download, now), 0);
	assert_int_equal(rows.count, 2);
	assert_int_equal(rows.row[0].accept_end, GIKEV2_NEVER);
	assert_int_equal(rows.row[1].send_start, GIKEV2_NEVER);
	assert_true(keytable_row_can_send(&rows.row[0], now + 50));
}

/* --------------------------------------------------------------- random ones */

static uint64_t seed;

static uint32_t draw(uint32_t below)
{
	uint32_t octets;

	test_prng(&seed, (uint8_t *)&octets, sizeof(octets));
	return octets % below;
}

/* As a server sends it: ATD + 1 < DTD < lifetime, the older ones' included. */
static struct step random_step(char *name, unsigned int at)
{
	struct step step = { .at = at, .kind = draw(3) ? REKEY : REGISTER };
	uint32_t atd = draw(20), dtd = atd + 2 + draw(20);
	size_t count = step.kind == REKEY ? 1 : 1 + draw(3);

	step.atd = draw(4) ? (int)atd : ABSENT;
	step.dtd = draw(4) || count > 1 ? (int)dtd : ABSENT;
	for (size_t i = 0; i < count; i++) {
		*name = *name == 'z' ? 'a' : *name + 1;
		step.keys[i] = (struct key){ *name, 0, dtd + 1 + draw(100) };
	}
	return step;
}

/* Exactly one key to send with for as long as there is one to accept. */
static void assert_no_gap(const struct gikev2_rows *rows, uint64_t now)
{
	size_t senders = 0, acceptors = 0;

	for (size_t i = 0; i < rows->count; i++) {
		senders += keytable_row_can_send(&rows->row[i], now);
		acceptors += keytable_row_can_accept(&rows->row[i], now);
	}
	assert_int_equal(senders, acceptors > 0);
}

static void random_downloads(void **state)
{
	(void)state;
	for (uint64_t run = 1; run <= 500; run++) {
		struct gikev2_rows rows = { .count = 0 };
		unsigned int at = 0;
		char name = 'a';

		seed = run;
		for (int i = 0; i < 30; i++) {
			struct step step = random_step(&name, at);
			unsigned int pause = draw(30);

			apply(&rows, &step);
			assert_true(rules_hold(&rows));
			for (; pause; pause--, at++) {
				uint64_t now = START + at * SECOND;

				gikev2_rollover_expire(&rows, now);
				assert_no_gap(&rows, now);
			}
			gikev2_rollover_expire(&rows, START + at * SECOND);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_cases),
		cmocka_unit_test(starts_are_kept),
		cmocka_unit_test(starts_are_kept_in_copies),
		cmocka_unit_test(no_room_for_predecessors),
		cmocka_unit_test(same_id_other_algorithm),
		cmocka_unit_test(next_and_last),
		cmocka_unit_test(gap_closed),
		cmocka_unit_test(wiped),
		cmocka_unit_test(end_of_time),
		cmocka_unit_test(random_downloads),
	};

	return cmocka_run_group_tests_name("rollover", tests, NULL, NULL);
}
