// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SAs, policies and filters as netlink messages, there and back.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <netinet/in.h>

#include "test_util.h"

#include "modules/mrkm_nlmsg.h"

#define SHA_256 12

static const struct mrkm_address all_pim = { { 224, 0, 0, 13 } };

static struct mrkm_sa make_sa(struct keytable_suite suite)
{
	struct mrkm_sa sa = { .family = AF_INET,
			      .ip_protocol = suite.encr ? IPPROTO_ESP
							: IPPROTO_AH,
			      .spi = 0x12345678,
			      .destination = all_pim,
			      .reqid = MRKM_IPSEC_REQID,
			      .suite = suite,
			      .key_len = keytable_suite_key_len(&suite) };

	for (size_t i = 0; i < sa.key_len; i++)
		sa.key[i] = 200 + i;
	return sa;
}

static const struct nlmsghdr *first_of(const struct mrkm_batch *batch)
{
	const struct nlmsghdr *nlh = (const void *)batch->octets;

	assert_true(mnl_nlmsg_ok(nlh, batch->len));
	return nlh;
}

static void round_trip_sa(struct keytable_suite suite)
{
	struct mrkm_sa sa = make_sa(suite);
	struct mrkm_op op = { .type = MRKM_OP_ADD_SA, .sa = &sa };
	struct mrkm_batch batch = { 0 };
	struct mrkm_image image = { 0 };

	assert_int_equal(mrkm_xfrm_put(&batch, &op, 9), 0);
	assert_int_equal(first_of(&batch)->nlmsg_seq, 9);
	assert_int_equal(mrkm_xfrm_read(first_of(&batch), &image), 0);
	assert_int_equal(image.sas.count, 1);
	assert_true(mrkm_sa_equal(image.sas.items, &sa));
	mrkm_image_clear(&image);
	mrkm_batch_clear(&batch);
}

static void test_every_suite(void **state)
{
	const struct keytable_transform *t, *integ;
	size_t count;

	(void)state;
	t = keytable_transforms(&count);
	for (size_t i = 0; i < count; i++) {
		if (t[i].type == KEYTABLE_INTEG) {
			/* AH */
			round_trip_sa((struct keytable_suite){ 0, 0, t[i].id });
			continue;
		}
		if (t[i].aead)
			round_trip_sa((struct keytable_suite){
				t[i].id, t[i].key_bits, 0 });
		for (integ = t; !t[i].aead && integ < t + count; integ++)
			if (integ->type == KEYTABLE_INTEG)
				round_trip_sa((struct keytable_suite){
					t[i].id, t[i].key_bits, integ->id });
	}
}

/* The octets that the kernel gets are in its documented places. */
static void test_sa_octets(void **state)
{
	struct mrkm_sa sa = make_sa((struct keytable_suite){ 11, 0, SHA_256 });
	struct mrkm_op op = { .type = MRKM_OP_ADD_SA, .sa = &sa };
	struct mrkm_batch batch = { 0 };
	struct xfrm_usersa_info info;
	const struct nlattr *attr;
	const struct xfrm_algo_auth *auth = NULL;

	(void)state;
	sa.lifetime = 60;
	sa.sequence = 77;
	sa.replay = true;
	assert_int_equal(mrkm_xfrm_put(&batch, &op, 1), 0);
	memcpy(&info, mnl_nlmsg_get_payload(first_of(&batch)), sizeof(info));
	assert_int_equal(info.id.spi, htonl(0x12345678));
	assert_int_equal(info.mode, XFRM_MODE_TRANSPORT);
	assert_int_equal(info.replay_window, MRKM_IPSEC_REPLAY_WINDOW);
	assert_int_equal(info.lft.hard_add_expires_seconds, 60);
	assert_true(info.lft.hard_byte_limit == XFRM_INF);
	/* pimd's packets look like protocol 255 to the kernel when they leave */
	assert_int_equal(info.sel.proto, 0);
	mnl_attr_for_each(attr, first_of(&batch), sizeof(info)) {
		if (mnl_attr_get_type(attr) == XFRMA_ALG_AUTH_TRUNC)
			auth = mnl_attr_get_payload(attr);
		if (mnl_attr_get_type(attr) == XFRMA_REPLAY_VAL)
			assert_int_equal(mnl_attr_get_u32(attr), 77);
	}
	assert_non_null(auth);
	assert_string_equal(auth->alg_name, "hmac(sha256)");
	assert_int_equal(auth->alg_key_len, 256);
	assert_int_equal(auth->alg_trunc_len, 128);
	assert_memory_equal(auth->alg_key, sa.key, 32);
	mrkm_batch_clear(&batch);
}

/* Of a router's own SA, the window is at its end: all numbers were there. */
static void test_only_out(void **state)
{
	struct mrkm_sa sa = make_sa((struct keytable_suite){ 11, 0, SHA_256 });
	struct mrkm_op op = { .type = MRKM_OP_ADD_SA, .sa = &sa };
	struct mrkm_batch batch = { 0 };
	struct mrkm_image image = { 0 };
	struct xfrm_replay_state replay = { 0 };
	const struct nlattr *attr;

	(void)state;
	sa.sequence = 77;
	sa.replay = sa.only_out = true;
	assert_int_equal(mrkm_xfrm_put(&batch, &op, 1), 0);
	mnl_attr_for_each(attr, first_of(&batch),
			  sizeof(struct xfrm_usersa_info))
		if (mnl_attr_get_type(attr) == XFRMA_REPLAY_VAL)
			memcpy(&replay, mnl_attr_get_payload(attr),
			       sizeof(replay));
	assert_int_equal(replay.oseq, 77);
	assert_int_equal(replay.seq, UINT32_MAX);
	assert_int_equal(replay.bitmap, UINT32_MAX);
	assert_int_equal(mrkm_xfrm_read(first_of(&batch), &image), 0);
	assert_true(mrkm_sa_equal(image.sas.items, &sa));
	sa.only_out = false;
	assert_false(mrkm_sa_equal(image.sas.items, &sa));
	mrkm_image_clear(&image);
	mrkm_batch_clear(&batch);
}

static void test_unknown_suite(void **state)
{
	struct mrkm_sa sa = make_sa((struct keytable_suite){ 99, 0, SHA_256 });
	struct mrkm_op op = { .type = MRKM_OP_ADD_SA, .sa = &sa };
	struct mrkm_batch batch = { 0 };

	(void)state;
	assert_int_equal(mrkm_xfrm_put(&batch, &op, 1), -EINVAL);
	assert_int_equal(batch.count, 0);
	assert_int_equal(batch.len, 0);
	mrkm_batch_clear(&batch);
}

static void test_policy(void **state)
{
	struct mrkm_sp sps[] = {
		{ .family = AF_INET,
		  .ifindex = 3,
		  .prefix = 32,
		  .destination = all_pim,
		  .reqid = MRKM_IPSEC_REQID,
		  .sa_protocol = IPPROTO_ESP,
		  .spi = 300 },
		{ .family = AF_INET6,
		  .ifindex = 3,
		  .prefix = 10,
		  .ip_protocol = 89,
		  .destination = { { 0xfe, 0x80 } },
		  .reqid = MRKM_IPSEC_REQID | MRKM_TRAFFIC_OSPF6,
		  .block = true },
		{ .family = AF_INET,
		  .in = true,
		  .prefix = 32,
		  .destination = all_pim,
		  .reqid = MRKM_IPSEC_REQID,
		  .sa_protocol = IPPROTO_AH },
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct mrkm_op op = { .type = MRKM_OP_SET_SP, .sp = &sps[i] };
		struct mrkm_batch batch = { 0 };
		struct mrkm_image image = { 0 };

		assert_int_equal(mrkm_xfrm_put(&batch, &op, 1), 0);
		assert_int_equal(mrkm_xfrm_read(first_of(&batch), &image), 0);
		assert_int_equal(image.sps.count, 1);
		assert_true(mrkm_sp_equal(image.sps.items, &sps[i]));
		mrkm_image_clear(&image);
		mrkm_batch_clear(&batch);
	}
}

/* What is an operator's or another daemon's is not even seen. */
static void test_foreign(void **state)
{
	struct mrkm_sa sa = make_sa((struct keytable_suite){ 0, 0, SHA_256 });
	struct mrkm_sp sp = { .family = AF_INET, .prefix = 32 };
	struct mrkm_op add = { .type = MRKM_OP_ADD_SA, .sa = &sa };
	struct mrkm_op set = { .type = MRKM_OP_SET_SP, .sp = &sp };
	static const uint32_t reqids[] = { 0, 1, 16384,
					   MRKM_IPSEC_REQID + MRKM_TRAFFIC_MAX,
					   MRKM_IPSEC_REQID - 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(reqids) / sizeof(reqids[0]); i++) {
		struct mrkm_batch batch = { 0 };
		struct mrkm_image image = { 0 };
		const struct nlmsghdr *nlh;
		int left;

		sa.reqid = sp.reqid = reqids[i];
		assert_int_equal(mrkm_xfrm_put(&batch, &add, 1), 0);
		assert_int_equal(mrkm_xfrm_put(&batch, &set, 1), 0);
		left = batch.len;
		for (nlh = first_of(&batch); mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left))
			assert_int_equal(mrkm_xfrm_read(nlh, &image), 0);
		assert_int_equal(image.sas.count + image.sps.count, 0);
		mrkm_image_clear(&image);
		mrkm_batch_clear(&batch);
	}
}

/* Cut short anywhere, a message is not read beyond its end, and is not ours. */
static void test_truncated(void **state)
{
	struct mrkm_sa sa = make_sa((struct keytable_suite){ 12, 256, 14 });
	struct mrkm_op op = { .type = MRKM_OP_ADD_SA, .sa = &sa };
	struct mrkm_batch batch = { 0 };
	struct mrkm_image image = { 0 };
	struct nlmsghdr *cut;
	size_t len;

	(void)state;
	assert_int_equal(mrkm_xfrm_put(&batch, &op, 1), 0);
	len = batch.len;
	for (size_t n = sizeof(*cut); n < len; n++) {
		cut = test_malloc(n);
		memcpy(cut, batch.octets, n);
		cut->nlmsg_len = n;
		mrkm_xfrm_read(cut, &image);
		assert_true(image.sas.count == 0 ||
			    !mrkm_sa_equal(image.sas.items, &sa));
		mrkm_image_clear(&image);
		test_free(cut);
	}
	mrkm_batch_clear(&batch);
}

static void round_trip_filter(const struct mrkm_filter *filter)
{
	struct mrkm_op op = { .type = MRKM_OP_SET_FILTER, .filter = filter };
	struct mrkm_batch batch = { 0 };
	struct mrkm_image image = { 0 };
	const struct nlmsghdr *nlh;
	int left;

	assert_int_equal(mrkm_tc_put(&batch, &op, 5), 0);
	left = batch.len;
	for (nlh = first_of(&batch); mnl_nlmsg_ok(nlh, left);
	     nlh = mnl_nlmsg_next(nlh, &left))
		mrkm_link_read_filter(nlh, &image);
	assert_int_equal(image.filters.count, 1);
	assert_true(mrkm_filter_equal(image.filters.items, filter));
	mrkm_image_clear(&image);
	mrkm_batch_clear(&batch);
}

static void test_filter_round_trip(void **state)
{
	(void)state;
	for (uint8_t traffic = 1; traffic < 1 << MRKM_TRAFFIC_MAX; traffic++)
		for (uint8_t mac_len = 0; mac_len <= 14; mac_len += 14)
			round_trip_filter(&(struct mrkm_filter){
				.ifindex = 7,
				.kind = MRKM_FILTER_CLEAR,
				.traffic = traffic,
				.mac_len = mac_len,
			});
}

static void test_echo_filter_round_trip(void **state)
{
	struct mrkm_filter filter = { .ifindex = 7, .kind = MRKM_FILTER_ECHO };

	(void)state;
	for (uint8_t i = 0; i < MRKM_LINK_ADDRESSES_MAX; i++) {
		filter.addresses[i] = (struct mrkm_address){
			{ 0xfe, 0x80, [8] = i, 200, 1, [15] = 7 + i }
		};
		filter.address_count = i + 1;
		filter.mac_len = 14;
		round_trip_filter(&filter);
		filter.mac_len = 0;
		round_trip_filter(&filter);
	}
}

static void test_diff_order(void **state)
{
	struct mrkm_sa old = make_sa((struct keytable_suite){ 0, 0, SHA_256 });
	struct mrkm_sa new = old;
	struct mrkm_sp sp = { .family = AF_INET, .ifindex = 1 };
	struct mrkm_filter filter = { .ifindex = 1 }, gone = { .ifindex = 2 };
	struct mrkm_image is = { 0 }, want = { 0 };
	struct mrkm_ops ops = { 0 };
	static const enum mrkm_op_type order[] = {
		MRKM_OP_SET_FILTER, MRKM_OP_ADD_SA,	MRKM_OP_SET_SP,
		MRKM_OP_DEL_SA,	    MRKM_OP_DEL_FILTER,
	};

	(void)state;
	new.spi++;
	mrkm_image_add_sa(&is, &old);
	mrkm_image_add_filter(&is, &gone);
	mrkm_image_add_sa(&want, &new);
	mrkm_image_add_sp(&want, &sp);
	mrkm_image_add_filter(&want, &filter);
	assert_int_equal(mrkm_image_diff(&is, &want, &ops), 0);
	assert_int_equal(ops.count, 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(ops.ops[i].type, order[i]);
	mrkm_ops_clear(&ops);
	assert_int_equal(mrkm_image_diff(&want, &want, &ops), 0);
	assert_int_equal(ops.count, 0);
	mrkm_image_clear(&is);
	mrkm_image_clear(&want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_suite),
		cmocka_unit_test(test_sa_octets),
		cmocka_unit_test(test_only_out),
		cmocka_unit_test(test_unknown_suite),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_filter_round_trip),
		cmocka_unit_test(test_echo_filter_round_trip),
		cmocka_unit_test(test_diff_order),
	};

	return cmocka_run_group_tests_name("xfrm", tests, NULL, NULL);
}
