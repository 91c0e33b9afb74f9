/* Programs, the templates among them, and the variables and regexes they refer to. Equal ops
 * are stored once, and so equal programs are one record. */
#include "emit/emitter.h"

static uint32_t emit_variable(struct emitter *emitter, const struct template_part *part) {
    struct table_variable variable = {.id = (uint32_t)part->id,
                                      .suffix = emit_string(emitter, part->suffix)};
    return emit_shared(emitter, TABLE_SECTION_variable, &variable);
}

static struct table_op make_op(struct emitter *emitter, const struct template_part *part) {
    switch (part->kind) {
    case PART_TEXT: {
        struct table_string text = emit_string(emitter, part->text);
        return (struct table_op){TABLE_OP_APPEND_TEXT, text.offset, text.length};
    }
    case PART_BUILTIN:
        return (struct table_op){TABLE_OP_APPEND_VARIABLE, emit_variable(emitter, part), 0};
    case PART_CONFIG:
        return (struct table_op){TABLE_OP_APPEND_SLOT, part->variable->slot, 0};
    case PART_CAPTURE:
        return (struct table_op){TABLE_OP_APPEND_CAPTURE, part->capture, 0};
    case PART_KNOWN:
        break;
    }
    /* A model with variables that rpcd does not run is refused before it gets here. */
    emitter->failed = true;
    return (struct table_op){0};
}

uint32_t emit_program(struct emitter *emitter, enum table_program_kind kind,
                      const struct table_op *ops, size_t count) {
    struct table_program program = {
        .kind = kind,
        .ops = table_writer_intern(&emitter->writer, TABLE_SECTION_op, ops, (uint32_t)count),
    };
    return emit_shared(emitter, TABLE_SECTION_program, &program);
}

uint32_t emit_template(struct emitter *emitter, const struct template *template) {
    size_t count = template->parts.count;
    struct table_op *ops = arena_require(&emitter->scratch, (count + 1) * sizeof *ops);
    for (size_t i = 0; i < count; i++) {
        ops[i] = make_op(emitter, &template->parts.items[i]);
    }
    return emit_program(emitter, TABLE_PROGRAM_TEMPLATE, ops, count);
}

uint32_t emit_regex(struct emitter *emitter, const struct regex *regex) {
    size_t count = regex->names.count;
    struct table_capture_name *names =
        arena_require(&emitter->scratch, (count + 1) * sizeof *names);
    for (size_t i = 0; i < count; i++) {
        names[i].name = emit_string(emitter, regex->capture_names.items[i]);
        names[i].slot = regex->names.items[i]->slot;
    }
    struct table_regex record = {
        .pattern = emit_string(emitter, regex->pattern),
        .ignore_case = regex->ignore_case,
        .capture_count = regex->capture_count,
        .names = table_writer_intern(&emitter->writer, TABLE_SECTION_capture_name, names,
                                     (uint32_t)count),
    };
    return emit_shared(emitter, TABLE_SECTION_regex, &record);
}
