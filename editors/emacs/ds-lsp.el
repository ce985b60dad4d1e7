;;; ds-lsp.el --- Ghost text in Eglot, by ds-lsp  -*- lexical-binding: t -*-

;; Author: The ds-lsp developers
;; Version: 0.1.0
;; Package-Requires: ((emacs "30.1"))
;; Keywords: convenience, languages
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; Eglot has no inline completion; this gives it one.  With
;; `ds-lsp-global-mode', each buffer whose language server offers
;; `textDocument/inlineCompletion' shows completions as ghost text while you
;; type.  Typing what it says keeps it, TAB accepts it, M-<right> a word of it,
;; M-<down> a line; M-n and M-p show the next and the previous one where there
;; are several; C-g dismisses it.
;;
;; Nothing here waits for the server: requests are asynchronous, and an answer
;; that comes when point or text are no longer what they were is dropped.
;;
;; `ds-lsp-eglot-setup' has Eglot run ds-lsp without taking a server away:
;; beside the one you have where the program "rass" is installed (rassumfrassum,
;; a multiplexer by Eglot's author), alone where you have none.

;;; Code:

(require 'eglot)
(require 'jsonrpc)

(defgroup ds-lsp nil
  "Ghost text in Eglot."
  :group 'eglot
  :prefix "ds-lsp-")

(defcustom ds-lsp-idle-delay 0.05
  "Seconds without a key before the server is asked.
The server itself waits for typing to rest before it asks a model."
  :type 'number)

(defcustom ds-lsp-command '("ds-lsp" "--stdio")
  "Program and arguments of the server, as in `eglot-server-programs'.
Settings go behind them: (\"ds-lsp\" \"--stdio\" :initializationOptions
\(:completion (:maxTokens 64)))."
  :type '(repeat sexp))

(defcustom ds-lsp-eglot-modes
  '(((python-base-mode :language-id "python"))
    (c-mode c-ts-mode c++-mode c++-ts-mode)
    (go-ts-mode)
    (java-mode java-ts-mode)
    (rust-ts-mode)
    ((js-base-mode :language-id "javascript") typescript-ts-mode)
    ((sh-base-mode :language-id "shellscript")))
  "Major modes in which `ds-lsp-eglot-setup' has Eglot run ds-lsp.
Each element is a list of modes that share a server, as in
`eglot-server-programs'."
  :type '(repeat (repeat sexp)))

(defcustom ds-lsp-replaced-modes nil
  "Major modes in which ds-lsp takes the place of the server you have.
Eglot runs one server per buffer; without the program \"rass\" it is
yours in all other modes."
  :type '(repeat symbol))

(defface ds-lsp-ghost '((t :inherit shadow))
  "What would be inserted.")

(defvar-local ds-lsp--items nil
  "The completions of the last answer; the first one is shown.")
(defvar-local ds-lsp--start nil
  "Where the text that the shown completion replaces begins.")
(defvar-local ds-lsp--end nil
  "Where it ends: a marker that stays behind what is typed there.")
(defvar-local ds-lsp--overlay nil
  "The ghost text, while there is one.")
(defvar-local ds-lsp--request nil
  "The server that is being asked, and the request's id.")
(defvar-local ds-lsp--timer nil
  "Runs when the server is to be asked.")
(defvar-local ds-lsp--at nil
  "Point and the text's tick after the last command.")

(defun ds-lsp--if-several (command)
  "Return COMMAND where there are several completions, and nil elsewhere."
  (and (cdr ds-lsp--items) command))

(defvar-keymap ds-lsp-ghost-map
  :doc "Keys while there is ghost text."
  "TAB" #'ds-lsp-accept
  "<tab>" #'ds-lsp-accept
  "M-<right>" #'ds-lsp-accept-word
  "M-<down>" #'ds-lsp-accept-line
  "M-n" '(menu-item "" ds-lsp-next :filter ds-lsp--if-several)
  "M-p" '(menu-item "" ds-lsp-previous :filter ds-lsp--if-several)
  "C-g" #'ds-lsp-dismiss)

;; Servers may fall back to the completion menu for who does not say this.
(cl-defmethod eglot-client-capabilities :around (_server)
  "Say that inline completion is understood."
  (let ((capabilities (cl-call-next-method)))
    (plist-put (plist-get capabilities :textDocument)
               :inlineCompletion '(:dynamicRegistration :json-false))
    capabilities))


;;; What is shown

(defun ds-lsp--rest ()
  "What of the completion is still to be typed, or nil where it does not fit."
  (when-let* ((item (car ds-lsp--items))
              ((<= ds-lsp--start (point))))
    (let ((text (plist-get item :insertText))
          (typed (buffer-substring-no-properties ds-lsp--start (point))))
      (and (string-prefix-p typed text)
           (length> text (length typed))
           (substring text (length typed))))))

(defun ds-lsp--hide ()
  "Take the ghost text away."
  (when ds-lsp--overlay (delete-overlay ds-lsp--overlay))
  (setq ds-lsp--overlay nil))

(defun ds-lsp--show ()
  "Draw what is still to be typed, and return the overlay; nil for nothing."
  (ds-lsp--hide)
  (when-let* ((rest (ds-lsp--rest))
              (end (max (point) ds-lsp--end))
              (replaced (buffer-substring-no-properties (point) end))
              ;; Such as brackets that were closed automatically.
              (shown (string-remove-suffix replaced rest))
              ((not (string-empty-p shown)))
              (ghost (propertize shown 'face 'ds-lsp-ghost)))
    (let ((stays (string-suffix-p replaced rest)))
      (put-text-property 0 1 'cursor t ghost)
      (setq ds-lsp--overlay (make-overlay (point) (if stays (point) end) nil t))
      (unless stays (overlay-put ds-lsp--overlay 'display ""))
      (overlay-put ds-lsp--overlay (if stays 'after-string 'before-string) ghost)
      (overlay-put ds-lsp--overlay 'priority 1000)
      ds-lsp--overlay)))

(defun ds-lsp--place (items)
  "Show the first of ITEMS, which are all of an answer."
  (setq ds-lsp--items items)
  (when items
    (pcase-let* ((range (plist-get (car items) :range))
                 (`(,start . ,end)
                  (if range (eglot-range-region range) (cons (point) (point)))))
      (setq ds-lsp--start start
            ds-lsp--end (copy-marker end t))))
  (ds-lsp--show))

(defun ds-lsp--forget ()
  "Show nothing, and want nothing any more."
  (ds-lsp--hide)
  (setq ds-lsp--items nil)
  (when ds-lsp--timer (cancel-timer ds-lsp--timer))
  (setq ds-lsp--timer nil)
  (pcase ds-lsp--request
    (`(,server . ,id)
     (setq ds-lsp--request nil)
     ;; The server may be gone meanwhile.
     (ignore-errors (jsonrpc-notify server :$/cancelRequest (list :id id))))))


;;; Asking

(defvar ds-lsp-mode)

(defun ds-lsp--now ()
  "Where the user is: point and the text's tick."
  (cons (point) (buffer-chars-modified-tick)))

(defun ds-lsp--ask (kind)
  "Ask for completions at point; KIND is 1 by hand, 2 while typing."
  (when-let* ((server (eglot-current-server)))
    (eglot--signal-textDocument/didChange)
    (let* ((buffer (current-buffer))
           (asked (ds-lsp--now))
           (answered
            (lambda (result)
              (when (buffer-live-p buffer)
                (with-current-buffer buffer
                  (when (and ds-lsp-mode (equal asked (ds-lsp--now)))
                    (setq ds-lsp--request nil)
                    (ds-lsp--place (append (if (vectorp result) result (plist-get result :items))
                                           nil))
                    (when (and (= kind 1) (not ds-lsp--overlay))
                      (message "ds-lsp: nothing to offer here")))))))
           ;; `jsonrpc-async-request' keeps the id to itself, and without it nothing can be canceled.
           (request (jsonrpc--async-request-1
                     server :textDocument/inlineCompletion
                     (append (eglot--TextDocumentPositionParams)
                             (list :context (list :triggerKind kind)))
                     :timeout 60
                     :success-fn answered :error-fn #'ignore :timeout-fn #'ignore)))
      (setq ds-lsp--request (cons server (car request))))))

(defun ds-lsp--ask-when-idle (buffer)
  "Ask for completions in BUFFER, if that is where the user is."
  (when (and (buffer-live-p buffer) (eq buffer (window-buffer)))
    (with-current-buffer buffer
      (setq ds-lsp--timer nil)
      (when ds-lsp-mode (ds-lsp--ask 2)))))

(defun ds-lsp--after-command ()
  "Keep the ghost text, move it or drop it, as the last command demands."
  (let ((at (ds-lsp--now)))
    (cond
     ((equal at ds-lsp--at))
     ((= (cdr at) (cdr ds-lsp--at)) (ds-lsp--forget))
     ;; Typed along: nothing to ask.
     ((ds-lsp--show))
     (t
      (ds-lsp--forget)
      (setq ds-lsp--timer (run-with-idle-timer ds-lsp-idle-delay nil #'ds-lsp--ask-when-idle
                                               (current-buffer)))))
    (setq ds-lsp--at at)))

(defun ds-lsp-complete ()
  "Ask for a completion here and now."
  (interactive)
  (unless ds-lsp-mode (user-error "No language server here offers inline completion"))
  (ds-lsp--forget)
  (ds-lsp--ask 1))


;;; Keys

(defun ds-lsp-accept ()
  "Insert the ghost text."
  (interactive)
  (when-let* ((rest (ds-lsp--rest)))
    (let ((command (plist-get (car ds-lsp--items) :command)))
      (ds-lsp--hide)
      (delete-region (point) (max (point) ds-lsp--end))
      (insert rest)
      (ds-lsp--forget)
      (when command (ds-lsp--tell-accepted command)))))

(defun ds-lsp--tell-accepted (command)
  "Tell the server to run COMMAND, which came with a completion."
  (when-let* ((server (eglot-current-server)))
    (eglot--signal-textDocument/didChange)
    (jsonrpc-async-request
     server :workspace/executeCommand
     (list :command (plist-get command :command) :arguments (plist-get command :arguments))
     :success-fn #'ignore :error-fn #'ignore :timeout-fn #'ignore)))

(defun ds-lsp--accept-part (pattern)
  "Insert as much of the ghost text as PATTERN matches."
  (when-let* ((rest (ds-lsp--rest)))
    (if (and (string-match pattern rest) (< (match-end 0) (length rest)))
        (insert (substring rest 0 (match-end 0)))
      (ds-lsp-accept))))

(defun ds-lsp-accept-word ()
  "Insert one word of the ghost text."
  (interactive)
  (ds-lsp--accept-part "\\`\\W*\\w+"))

(defun ds-lsp-accept-line ()
  "Insert one line of the ghost text."
  (interactive)
  (ds-lsp--accept-part "\\`\n?.*"))

(defun ds-lsp-next ()
  "Show the next completion, if there is another one."
  (interactive)
  (ds-lsp--place (append (cdr ds-lsp--items) (take 1 ds-lsp--items))))

(defun ds-lsp-previous ()
  "Show the previous completion, if there is another one."
  (interactive)
  (ds-lsp--place (append (last ds-lsp--items) (butlast ds-lsp--items))))

(defun ds-lsp-dismiss ()
  "Take the ghost text away."
  (interactive)
  (ds-lsp--forget))

(defun ds-lsp-explain (start end)
  "Explain the code between START and END: the region, or what is at point."
  (interactive (if (use-region-p)
                   (list (region-beginning) (region-end))
                 (list (point) (point))))
  (eglot-code-actions start end "refactor.explain" t))


;;; Servers

(defun ds-lsp--other-contact (interactive project)
  "Return the contact that Eglot would use in this buffer without ds-lsp.
Return nil where there is none, or its program is missing.  INTERACTIVE
and PROJECT are as in `eglot-server-programs'."
  (let* ((eglot-server-programs
          (seq-remove (lambda (entry) (eq (cdr-safe entry) #'ds-lsp--contact))
                      eglot-server-programs))
         (contact (cdr (eglot--lookup-mode major-mode)))
         (contact (if (functionp contact)
                      ;; Such as `eglot-alternatives', which fails where no program is installed.
                      (ignore-errors
                        (if (eql (cdr (func-arity contact)) 1)
                            (funcall contact interactive)
                          (funcall contact interactive project)))
                    contact))
         (program (if (and (consp contact) (symbolp (car contact)))
                      (cdr contact)
                    contact)))
    (and contact
         (or (not (stringp (car-safe program)))
             (integerp (cadr program))
             (executable-find (car program) t))
         contact)))

(defun ds-lsp--can-be-joined-p (contact)
  "Return non-nil where CONTACT is a command line that \"rass\" can run."
  (let ((words (seq-take-while #'stringp contact)))
    (and words
         (not (memq :autoport contact))
         (not (integerp (cadr contact)))
         (not (string-prefix-p "rass" (file-name-nondirectory (car words)))))))

(defun ds-lsp--contact (&optional interactive project)
  "Return the contact of the server, or servers, for this buffer.
INTERACTIVE and PROJECT are as in `eglot-server-programs'."
  (let ((other (ds-lsp--other-contact interactive project)))
    (cond
     ((or (null other) (apply #'derived-mode-p ds-lsp-replaced-modes)) ds-lsp-command)
     ((and (ds-lsp--can-be-joined-p other) (executable-find "rass" t))
      ;; The first server is the one that is asked for inline completions.
      `("rass" "--" ,@(seq-take-while #'stringp ds-lsp-command) "--" ,@other))
     (t other))))

(defvar ds-lsp--told nil
  "Major modes of which it has been said that ds-lsp does not run in them.")

(defun ds-lsp--ensure ()
  "Start Eglot in this buffer where ds-lsp is among its servers."
  (when (eq (cdr (eglot--lookup-mode major-mode)) #'ds-lsp--contact)
    (let ((contact (ds-lsp--contact)))
      (cond
       ((member (car ds-lsp-command) contact) (eglot-ensure))
       ((not (memq major-mode ds-lsp--told))
        (push major-mode ds-lsp--told)
        (message "ds-lsp: %s keeps its own server; to have both, install the program rass \
(pipx install rassumfrassum), or see `ds-lsp-replaced-modes'"
                 major-mode))))))

;;;###autoload
(defun ds-lsp-eglot-setup ()
  "Have Eglot run ds-lsp in `ds-lsp-eglot-modes', and start it there."
  (dolist (modes ds-lsp-eglot-modes)
    (add-to-list 'eglot-server-programs (cons modes #'ds-lsp--contact))
    (dolist (mode modes)
      (add-hook (intern (format "%s-hook" (if (consp mode) (car mode) mode))) #'ds-lsp--ensure))))


;;; Modes

;;;###autoload
(define-minor-mode ds-lsp-mode
  "Show the completions of this buffer's language server as ghost text."
  :lighter " ds-lsp"
  (setq ds-lsp--at (ds-lsp--now)
        minor-mode-overriding-map-alist
        (assq-delete-all 'ds-lsp--overlay minor-mode-overriding-map-alist))
  (cond
   (ds-lsp-mode
    (push (cons 'ds-lsp--overlay ds-lsp-ghost-map) minor-mode-overriding-map-alist)
    (add-hook 'post-command-hook #'ds-lsp--after-command nil t))
   (t
    (ds-lsp--forget)
    (remove-hook 'post-command-hook #'ds-lsp--after-command t))))

(defun ds-lsp--follow-eglot ()
  "Switch `ds-lsp-mode' on where the server of Eglot has inline completion."
  (ds-lsp-mode (if (and (eglot-managed-p) (eglot-server-capable :inlineCompletionProvider))
                   1
                 -1)))

;;;###autoload
(define-minor-mode ds-lsp-global-mode
  "Show ghost text wherever Eglot's server offers inline completion."
  :global t
  :group 'ds-lsp
  (if ds-lsp-global-mode
      (add-hook 'eglot-managed-mode-hook #'ds-lsp--follow-eglot)
    (remove-hook 'eglot-managed-mode-hook #'ds-lsp--follow-eglot)))

(provide 'ds-lsp)

;;; ds-lsp.el ends here
