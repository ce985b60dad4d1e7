;;; ds-lsp-lsp-mode.el --- ds-lsp in lsp-mode, as ghost text  -*- lexical-binding: t -*-

;; Needs lsp-mode 10, which has lsp-inline-completion.

;; Does nothing where ds-lsp or lsp-mode is not there.
(eval-and-compile
  (require 'lsp-mode nil t)
  (require 'lsp-inline-completion nil t))

(when (and (executable-find "ds-lsp") (featurep 'lsp-inline-completion))
  ;; An add-on: it runs beside the server that lsp-mode has for the language.
  (lsp-register-client
   (make-lsp-client :new-connection (lsp-stdio-connection '("ds-lsp" "--stdio"))
                    :activation-fn (lsp-activate-on "python" "c" "cpp" "go" "java" "javascript"
                                                     "rust" "shellscript" "typescript")
                    :server-id 'ds-lsp
                    :add-on? t))
  (dolist (hook '(python-base-mode-hook c-mode-hook c-ts-mode-hook c++-mode-hook c++-ts-mode-hook
                  go-ts-mode-hook java-mode-hook java-ts-mode-hook rust-ts-mode-hook
                  typescript-ts-mode-hook js-base-mode-hook sh-base-mode-hook))
    (add-hook hook #'lsp-deferred))
  ;; lsp-mode's own default is two seconds.
  (setq lsp-inline-completion-idle-delay 0.25)
  (define-key lsp-inline-completion-active-map (kbd "TAB") #'lsp-inline-completion-accept)
  ;; M-x lsp-ds-lsp-explain explains the region, or the code at point.
  (lsp-make-interactive-code-action ds-lsp-explain "refactor.explain"))

;;; ds-lsp-lsp-mode.el ends here
