// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A roll on a router with many interfaces under IPsec: from the key channel's
 * message in zebra to the SA in the kernel, and the netlink messages that it
 * takes.  The kernel is one in memory, so that the figure is our own part:
 * unwrapping, deciding, writing netlink messages; and it is checked that they
 * do what they should.
 *
 * usage: bench_ipsec [INTERFACES]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "modules/mrkm_guard.h"
#include "mrkm/mrkm_receiver.h"
#include "mrkm/mrkm_sender.h"
#include "tests/unit/fake_kernel.h"

#define ROLLS 1000
#define PIM 203
#define SECOND KEYTABLE_SECOND

static struct fake_kernel fake;
static struct mrkm_guard guard;
static struct mrkm_receiver zebra;
static struct mrkm_sender *pimd;
static struct mrkm_wrap_key wrap_key;
static const struct mrkm_peer peer = { 5, 848, 2 };
static const struct mrkm_address all_pim = { { 224, 0, 0, 13 } };
static uint64_t now = 1000 * SECOND;

static uint64_t nanoseconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * UINT64_C(1000000000) + ts.tv_nsec;
}

static void require(bool fine, const char *what)
{
	if (fine)
		return;
	fprintf(stderr, "bench_ipsec: %s\n", what);
	exit(1);
}

/* ----------------------------------------------------------------- two ends of it */

static int to_zebra(void *arg, const struct mrkm_peer *to,
		    const uint8_t *octets, size_t len)
{
	(void)arg;
	(void)to;
	require(mrkm_receiver_input(&zebra, octets, len) == 0,
		"zebra does not read a message");
	return 0;
}

static int from_zebra(void *arg, const uint8_t *octets, size_t len)
{
	(void)arg;
	mrkm_sender_input(pimd, &peer, octets, len, now);
	return 0;
}

static int zebra_wrap_key(void *arg, struct mrkm_wrap_key *key)
{
	(void)arg;
	*key = wrap_key;
	return 0;
}

static int zebra_keys(void *arg, const struct mrkm_order *order,
		      const struct keytable_row *rows, size_t count,
		      enum mrkm_err *results)
{
	struct mrkm_guard_speaker speaker = { MRKM_TRAFFIC_PIM, order->boot,
					      order->session };

	(void)arg;
	mrkm_guard_keys(&guard, &speaker, order->key_chain, rows, count, now);
	mrkm_guard_run(&guard, now);
	mrkm_guard_results(&guard, &speaker, order->key_chain, results, count);
	return 0;
}

static int zebra_interfaces(void *arg, const struct mrkm_order *order,
			    const struct mrkm_msg_interface *interfaces,
			    size_t count)
{
	struct mrkm_guard_speaker speaker = { MRKM_TRAFFIC_PIM, order->boot,
					      order->session };

	(void)arg;
	mrkm_guard_interfaces(&guard, &speaker, order->key_chain, interfaces,
			      count);
	mrkm_guard_run(&guard, now);
	return 0;
}

static int zebra_order(void *arg, const struct mrkm_order *order)
{
	(void)arg;
	(void)order;
	return 0;
}

static void zebra_synced(void *arg, uint64_t boot, uint32_t session)
{
	(void)arg;
	(void)boot;
	(void)session;
}

static const struct mrkm_receiver_callbacks zebra_callbacks = {
	.send = from_zebra,
	.wrap_key = zebra_wrap_key,
	.bind = zebra_order,
	.keys = zebra_keys,
	.interfaces = zebra_interfaces,
	.withdraw = zebra_order,
	.synced = zebra_synced,
};

static void on_capability(void *arg, uint8_t protocol, uint32_t algorithms)
{
	(void)arg;
	(void)protocol;
	(void)algorithms;
}

static void on_result(void *arg, const struct mrkm_key_status *status)
{
	(void)arg;
	require(status->result == MRKM_ERR_OK ||
			status->result == MRKM_ERR_PENDING,
		"a key is refused");
}

static const struct mrkm_sender_callbacks sender_callbacks = {
	.send = to_zebra,
	.capability = on_capability,
	.result = on_result,
};

static void on_changed(void *arg, const struct mrkm_guard_chain *chain)
{
	(void)arg;
	(void)chain;
}

static void on_refused(void *arg, const struct mrkm_op *op)
{
	(void)arg;
	(void)op;
	require(false, "the kernel refuses an operation");
}

static uint32_t on_sequence(void *arg)
{
	(void)arg;
	return 0;
}

static const struct mrkm_guard_ops guard_ops = {
	.changed = on_changed,
	.refused = on_refused,
	.sequence = on_sequence,
};

/* ---------------------------------------------------------------------- the rolls */

static struct keytable_row make_row(uint32_t spi, uint64_t start, uint64_t end,
				    uint64_t accept_end)
{
	struct keytable_row row = {
		.protocol = PIM,
		.direction = KEYTABLE_BOTH,
		.id = spi,
		.accept_end = accept_end,
		.send_start = start,
		.send_end = end,
		.ipsec = { .suite = { 12, 256, 14 },
			   .wire = PIM,
			   .families = KEYTABLE_IPV4 | KEYTABLE_IPV6,
			   .sn = KEYTABLE_SN_UNSPECIFIED },
		.key_len = 96,
	};

	memset(row.key, (int)(spi % 250 + 1), row.key_len);
	return row;
}

static void start(size_t interfaces)
{
	struct mrkm_msg_interface names[MRKM_INTERFACES_MAX] = { 0 };
	struct keytable_row row =
		make_row(256, 0, KEYTABLE_NEVER, KEYTABLE_NEVER);

	fake_kernel_init(&fake);
	for (size_t i = 0; i < interfaces; i++) {
		snprintf(names[i].name, sizeof(names[i].name), "eth%hhu",
			 (uint8_t)i);
		fake_kernel_link(&fake, 1 + i, names[i].name);
	}
	mrkm_guard_init(&guard, &guard_ops, &fake_transport, &fake, now);
	mrkm_wrap_key_draw(&wrap_key);
	pimd = mrkm_sender_new(&sender_callbacks, NULL, &wrap_key);
	mrkm_receiver_init(&zebra, &zebra_callbacks, NULL, 99, "zebra", 0);
	mrkm_receiver_add_capability(&zebra, PIM, UINT32_MAX);
	mrkm_sender_registered(pimd, &peer, now);
	mrkm_sender_set(pimd, "CORE", PIM, "CORE", &row, 1, now);
	mrkm_sender_protect(pimd, "CORE", PIM, names, interfaces, now);
	require(fake.image.sps.count == interfaces, "interfaces are open");
}

/* Nanoseconds from the message to the SA, and to the switch of all policies. */
static void roll(uint32_t spi, uint64_t *receipt, uint64_t *switched)
{
	uint64_t atd = now + 5 * SECOND, dtd = now + 15 * SECOND;
	struct keytable_row rows[] = {
		make_row(spi - 1, 0, atd, dtd),
		make_row(spi, atd, KEYTABLE_NEVER, KEYTABLE_NEVER),
	};
	uint64_t begin = nanoseconds();

	mrkm_sender_set(pimd, "CORE", PIM, "CORE", rows, 2, now);
	*receipt = nanoseconds() - begin;
	require(fake_kernel_sa(&fake, spi, &all_pim), "the new SA is missing");
	now = atd;
	begin = nanoseconds();
	mrkm_guard_run(&guard, now);
	*switched = nanoseconds() - begin;
	require(fake_kernel_sp(&fake, 1, false, &all_pim)->spi == spi,
		"the old SA is still used");
	now = dtd;
	mrkm_guard_run(&guard, now);
	require(!fake_kernel_sa(&fake, spi - 1, &all_pim),
		"the old SA is still there");
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void print_times(const char *what, uint64_t *times)
{
	const size_t middle = ROLLS / 2, last = ROLLS * 99 / 100;

	qsort(times, ROLLS, sizeof(*times), ascending);
	printf("  %-34s p50 %7.3f ms   p99 %7.3f ms\n", what,
	       (double)times[middle] / 1e6, (double)times[last] / 1e6);
}

int main(int argc, char **argv)
{
	static uint64_t receipts[ROLLS], switches[ROLLS];
	size_t interfaces = argc > 1 ? strtoul(argv[1], NULL, 10) : 100;

	if (interfaces < 1 || interfaces > MRKM_INTERFACES_MAX) {
		fprintf(stderr, "usage: bench_ipsec [INTERFACES], at most %d\n",
			MRKM_INTERFACES_MAX);
		return 2;
	}
	start(interfaces);
	fake.batches = fake.messages = fake.lists = 0;
	for (uint32_t i = 0; i < ROLLS; i++)
		roll(257 + i, &receipts[i], &switches[i]);
	require(fake.dangling == 0, "a policy pointed to nothing");
	printf("Kernel IPsec, %zu interfaces, %d rolls, CPU time, netlink in memory\n",
	       interfaces, ROLLS);
	print_times("key at zebra to SA in the kernel", receipts);
	print_times("switch of all interfaces at ATD", switches);
	printf("  netlink messages a roll: %.1f in %.1f batches, %zu lists\n",
	       (double)fake.messages / ROLLS, (double)fake.batches / ROLLS,
	       fake.lists);
	mrkm_sender_free(pimd);
	mrkm_guard_fini(&guard);
	fake_kernel_fini(&fake);
	return 0;
}
