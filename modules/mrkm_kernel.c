// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lists and operations, turned into netlink messages.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "modules/mrkm_kernel.h"

/* ------------------------------------------------------------------ operations */

/*
 * Operations that go in one batch.  SAs are seen to be there before a policy
 * points to them, hence not everything is one.
 */
enum stage {
	FILTERS,
	SAS,
	REST,
	LAST_FILTERS,
	STAGES
};

static enum stage stage_of(const struct mrkm_op *op)
{
	switch (op->type) {
	case MRKM_OP_SET_FILTER:
		return FILTERS;
	case MRKM_OP_ADD_SA:
	case MRKM_OP_CHANGE_SA:
		return SAS;
	case MRKM_OP_SET_SP:
	case MRKM_OP_DEL_SP:
	case MRKM_OP_DEL_SA:
		return REST;
	case MRKM_OP_DEL_FILTER:
		break;
	}
	return LAST_FILTERS;
}

static enum mrkm_family family_of(enum stage stage)
{
	return stage == FILTERS || stage == LAST_FILTERS ? MRKM_ROUTE
							 : MRKM_XFRM;
}

/* Is it what was wanted anyway? */
static bool is_harmless(const struct mrkm_op *op, int error)
{
	switch (op->type) {
	case MRKM_OP_DEL_SA:
	case MRKM_OP_DEL_SP:
	case MRKM_OP_DEL_FILTER:
		return error == ESRCH || error == ENOENT || error == ENODEV ||
		       error == EINVAL;
	case MRKM_OP_ADD_SA:
	case MRKM_OP_CHANGE_SA:
	case MRKM_OP_SET_SP:
	case MRKM_OP_SET_FILTER:
		break;
	}
	return false;
}

/* Sequence numbers are places in the list, counted from 1. */
static void note_refusal(void *arg, uint32_t sequence, int error)
{
	struct mrkm_ops *ops = arg;

	if (sequence == MRKM_SEQUENCE_NONE || sequence > ops->count)
		return;
	if (!is_harmless(&ops->ops[sequence - 1], error))
		ops->ops[sequence - 1].error = error;
}

static int send_stage(struct mrkm_kernel *kernel, struct mrkm_ops *ops,
		      size_t begin, size_t end)
{
	enum stage stage = stage_of(&ops->ops[begin]);
	struct mrkm_batch batch = { 0 };
	int err = 0;

	for (size_t i = begin; i < end && err != -ENOMEM; i++) {
		err = family_of(stage) == MRKM_ROUTE
			      ? mrkm_tc_put(&batch, &ops->ops[i], i + 1)
			      : mrkm_xfrm_put(&batch, &ops->ops[i], i + 1);
		if (err == -EINVAL)
			ops->ops[i].error = EPROTONOSUPPORT;
	}
	if (err != -ENOMEM)
		err = 0;
	if (!err && batch.count) {
		kernel->batches++;
		kernel->messages += batch.count;
		err = kernel->transport->send(kernel->arg, family_of(stage),
					      &batch, note_refusal, ops);
	}
	mrkm_batch_clear(&batch);
	return err;
}

static bool any_error(const struct mrkm_ops *ops, size_t begin, size_t end)
{
	for (size_t i = begin; i < end; i++)
		if (ops->ops[i].error)
			return true;
	return false;
}

int mrkm_kernel_apply(struct mrkm_kernel *kernel, struct mrkm_ops *ops)
{
	size_t begin = 0, end;
	enum stage stage;
	int err;

	while (begin < ops->count) {
		stage = stage_of(&ops->ops[begin]);
		for (end = begin + 1; end < ops->count; end++)
			if (stage_of(&ops->ops[end]) != stage)
				break;
		err = send_stage(kernel, ops, begin, end);
		if (err)
			return err;
		if (any_error(ops, begin, end) && stage <= SAS) {
			for (; end < ops->count; end++)
				ops->ops[end].error = ECANCELED;
			return -EREMOTEIO;
		}
		begin = end;
	}
	return any_error(ops, 0, ops->count) ? -EREMOTEIO : 0;
}

/* ----------------------------------------------------------------------- lists */

static int item_ours(void *arg, const struct nlmsghdr *nlh)
{
	return mrkm_xfrm_read(nlh, arg);
}

static int item_link(void *arg, const struct nlmsghdr *nlh)
{
	return mrkm_link_read(nlh, arg);
}

static int item_filter(void *arg, const struct nlmsghdr *nlh)
{
	return mrkm_link_read_filter(nlh, arg);
}

static int list(struct mrkm_kernel *kernel, enum mrkm_family family,
		struct mrkm_batch *request, int err,
		int (*item)(void *arg, const struct nlmsghdr *nlh), void *arg)
{
	if (!err)
		err = kernel->transport->list(kernel->arg, family, request,
					      item, arg);
	mrkm_batch_clear(request);
	return err;
}

/*
 * An interface without a place for filters says EINVAL, and one that has just
 * gone away ENODEV.
 */
static int list_filters_of(struct mrkm_kernel *kernel, int ifindex,
			   struct mrkm_image *image)
{
	struct mrkm_batch request = { 0 };
	int err = mrkm_tc_put_dump_filters(&request, ifindex, 1);

	err = list(kernel, MRKM_ROUTE, &request, err, item_filter, image);
	return err == -ENOMEM ? err : 0;
}

static int list_filters(struct mrkm_kernel *kernel, struct mrkm_image *image,
			const struct mrkm_links *links)
{
	int err = 0;

	for (size_t i = 0; i < links->count && !err; i++)
		err = list_filters_of(kernel, links->links[i].ifindex, image);
	return err;
}

int mrkm_kernel_count(struct mrkm_kernel *kernel, const struct mrkm_image *is,
		      struct mrkm_image *counted)
{
	int err = 0;

	mrkm_for_each(mrkm_filter, filter, &is->filters)
		if (!err && filter->kind == MRKM_FILTER_CLEAR)
			err = list_filters_of(kernel, filter->ifindex, counted);
	return err;
}

int mrkm_kernel_list(struct mrkm_kernel *kernel, struct mrkm_image *image,
		     struct mrkm_links *links)
{
	struct mrkm_batch request = { 0 };
	int err = mrkm_tc_put_dump_links(&request, 1);

	err = list(kernel, MRKM_ROUTE, &request, err, item_link, links);
	if (!err) {
		err = mrkm_tc_put_dump_addresses(&request, 1);
		err = list(kernel, MRKM_ROUTE, &request, err, item_link, links);
	}
	if (!err)
		err = list_filters(kernel, image, links);
	if (!err) {
		err = mrkm_xfrm_put_dump_sas(&request, 1);
		err = list(kernel, MRKM_XFRM, &request, err, item_ours, image);
	}
	if (!err) {
		err = mrkm_xfrm_put_dump_sps(&request, 1);
		err = list(kernel, MRKM_XFRM, &request, err, item_ours, image);
	}
	return err;
}

/* ---------------------------------------------------------------------- a probe */

/* "Discard only" (RFC 6666): no packet ever goes there. */
static const struct mrkm_address nowhere = { { 1, [15] = 1 } };
#define PROBE_SPI 0x6d726b00u
#define PROBE_TRANSFORMS 32

/* Near to our mark, but not it: nobody looks after these. */
#define PROBE_REQID (MRKM_IPSEC_REQID | ~MRKM_IPSEC_REQID_MASK)

/* An SA that uses the transform: integrity alone needs ESP without encryption. */
static void probe_sa(const struct keytable_transform *transform, size_t i,
		     struct mrkm_sa *sa)
{
	const uint16_t null = 11, hmac_sha_256 = 12;

	*sa = (struct mrkm_sa){ .family = AF_INET6,
				.ip_protocol = IPPROTO_ESP,
				.spi = PROBE_SPI + i,
				.destination = nowhere,
				.reqid = PROBE_REQID,
				.lifetime = 1 };
	if (transform->type == KEYTABLE_INTEG) {
		sa->suite.encr = null;
		sa->suite.integ = transform->id;
	} else {
		sa->suite.encr = transform->id;
		sa->suite.encr_bits = transform->key_bits;
		sa->suite.integ = transform->aead ? 0 : hmac_sha_256;
	}
	sa->key_len = keytable_suite_key_len(&sa->suite);
	for (size_t k = 0; k < sa->key_len; k++)
		sa->key[k] = 1 + k * 7 + i;
}

uint32_t mrkm_kernel_probe(struct mrkm_kernel *kernel)
{
	const struct keytable_transform *transforms;
	struct mrkm_sa sas[PROBE_TRANSFORMS];
	struct mrkm_op adds[PROBE_TRANSFORMS], dels[PROBE_TRANSFORMS];
	struct mrkm_ops add = { .ops = adds }, del = { .ops = dels };
	uint32_t bits = 0;
	int err;

	transforms = keytable_transforms(&add.count);
	for (size_t i = 0; i < add.count; i++) {
		probe_sa(&transforms[i], i, &sas[i]);
		adds[i] = (struct mrkm_op){ .type = MRKM_OP_ADD_SA,
					    .object = &sas[i] };
	}
	err = mrkm_kernel_apply(kernel, &add);
	if (err && err != -EREMOTEIO)
		return 0;
	for (size_t i = 0; i < add.count; i++)
		if (!adds[i].error) {
			bits |= keytable_transform_bit(&transforms[i]);
			dels[del.count++] =
				(struct mrkm_op){ .type = MRKM_OP_DEL_SA,
						  .object = &sas[i] };
		}
	mrkm_kernel_apply(kernel, &del);
	return bits;
}
