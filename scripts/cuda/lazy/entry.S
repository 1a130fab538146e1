/* The functions of a shared library that is loaded at its first call (x86-64, System V).
 *
 * FUNCTIONS holds a line F(index, name) for each. A function is one jump through its slot. A slot first leads to the lines
 * behind that jump, which ask ADDRESS (load.c) where the function is, remember it in the slot, and go on there with the
 * caller's arguments as they were: what a loader's lazy binding does, without the library having to be there.
 */
#define F(index, name)                  \
        .globl  name                   ;\
        .type   name, @function        ;\
name:   jmp     *(SLOTS + 8 * index)(%rip) ;\
first_##index:                         ;\
        pushq   $index                 ;\
        jmp     bind                   ;

        .text
#include FUNCTIONS
#undef F

/* On the stack: the index, and the caller's return address. */
bind:   pushq   %rdi
        pushq   %rsi
        pushq   %rdx
        pushq   %rcx
        pushq   %r8
        pushq   %r9
        subq    $128, %rsp
        movups  %xmm0, (%rsp)
        movups  %xmm1, 16(%rsp)
        movups  %xmm2, 32(%rsp)
        movups  %xmm3, 48(%rsp)
        movups  %xmm4, 64(%rsp)
        movups  %xmm5, 80(%rsp)
        movups  %xmm6, 96(%rsp)
        movups  %xmm7, 112(%rsp)
        movl    176(%rsp), %edi
        call    ADDRESS
        movq    %rax, %r11
        movups  (%rsp), %xmm0
        movups  16(%rsp), %xmm1
        movups  32(%rsp), %xmm2
        movups  48(%rsp), %xmm3
        movups  64(%rsp), %xmm4
        movups  80(%rsp), %xmm5
        movups  96(%rsp), %xmm6
        movups  112(%rsp), %xmm7
        addq    $128, %rsp
        popq    %r9
        popq    %r8
        popq    %rcx
        popq    %rdx
        popq    %rsi
        popq    %rdi
        addq    $8, %rsp
        jmp     *%r11

        .data
        .balign 8
        .globl  SLOTS
        .hidden SLOTS
SLOTS:
#define F(index, name) .quad first_##index ;
#include FUNCTIONS

        .section .note.GNU-stack, "", @progbits
